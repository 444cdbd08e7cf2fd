/** Runs playbooks in the process that raises the alerts: `response:` in falco.yaml. */
import type { AlertData, Source } from '@falc/engine'
import {
  ACTIONS,
  type Once,
  type OpenResponder,
  openResponder,
  PlaybookError,
  type Ports,
  type RespondOptions,
} from '@falc/response'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { hostname } from '../hostname.ts'
import type { Log } from '../log.ts'
import { actionsOf, machinePorts, outputNames, readPlaybooks } from './settings.ts'

/** Alerts at the same time. */
const MAX_RUNNING = 16

/** Opens the responder that a configuration describes. @throws {CliError} */
export async function configuredResponder(
  config: Config,
  source: Source<AlertData>,
  log: Log,
  more: { readonly once?: Once; readonly tell?: (alert: AlertData) => void } = {},
  ports: Ports = {},
): Promise<OpenResponder> {
  const { playbooks, folder, protect, unprotect, fuse, timeout, max_age: maxAge, ...kept } = config.response
  const actions = (await actionsOf(config)).filter(action => !ACTIONS.includes(action))
  try {
    return await openResponder({
      actions,
      ...{ files: readPlaybooks(playbooks), folder, protect, unprotect, fuse, timeout, maxAge, source },
      keep: { bytes: kept.journal_mib * 2 ** 20, age: kept.journal_age },
      ports: { ...machinePorts(config, source, log), ...ports },
      hostname: hostname(),
      ...approvalNoticeOf(config),
      log: (level, text) => log.write(level, text),
      ...more,
    })
  } catch (error) {
    if (error instanceof PlaybookError) throw new CliError(error.message)
    throw error instanceof CliError ? error : new CliError(`response: ${(error as Error).message}`)
  }
}

/** @throws {CliError} */
function approvalNoticeOf(config: Config): Pick<RespondOptions, 'approvalNotice'> {
  const { approval_output: output, approval_url: url } = config.response
  if (output === '') {
    if (url !== '') throw new CliError('response.approval_url needs approval_output, the output that sends the link')
    return {}
  }
  if (!outputNames(config).includes(output))
    throw new CliError(`response.approval_output: no output is named ${output}`)
  if (url !== '' && !/^https?:\/\/[^\s#?]+$/.test(url)) throw new CliError(`response.approval_url is not a URL: ${url}`)
  return { approvalNotice: { output, ...(url !== '' && { url }) } }
}

/** A queue between the engine, which never waits, and what playbooks wait for. */
export class InProcess {
  /** Alerts that were left out, since too many waited. */
  dropped = 0
  readonly #open: OpenResponder
  readonly #capacity: number
  readonly #log: Log
  readonly #waiting: AlertData[] = []
  #running = 0
  #idle: (() => void) | undefined

  constructor(open: OpenResponder, capacity: number, log: Log) {
    this.#open = open
    this.#capacity = capacity
    this.#log = log
  }

  /** Never waits and never throws. */
  push(alert: AlertData): void {
    if (this.#waiting.length >= this.#capacity) {
      if (this.dropped++ === 0)
        this.#log.error('response: too many alerts are waiting for playbooks; further ones are dropped')
      return
    }
    this.#waiting.push(alert)
    this.#next()
  }

  /** Processes the waiting alerts, and completes steps that have begun. */
  async close(): Promise<void> {
    if (this.#running > 0) await new Promise<void>(resolve => (this.#idle = resolve))
    await this.#open.close()
    this.#log.info(`response: ${this.#open.responder.summary}`)
    if (this.dropped > 0) this.#log.error(`response: ${this.dropped} alerts were dropped`)
  }

  #next(): void {
    while (this.#running < MAX_RUNNING && this.#waiting.length > 0) {
      this.#running++
      void this.#open.responder.take(this.#waiting.shift()!).finally(() => {
        this.#running--
        this.#next()
        if (this.#running === 0) this.#idle?.()
      })
    }
  }
}
