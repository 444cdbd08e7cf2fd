/** The origin of audit events. */
import { createHash } from 'node:crypto'
import { fstatSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type NatsParams, type OpenParams, parseOpenParams } from '@falc/sources-k8saudit'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'

/** Where audit events come from: a flag, or the plugin k8saudit. */
export function auditFrom(config: Config, flag: string | undefined): string | undefined {
  return flag ?? (config.plugins.used.find(({ name }) => name === 'k8saudit')?.openParams || undefined)
}

/**
 * The configuration of a worker: its alerts have the ids of any other worker's of the stream, whatever machine it is on.
 * @throws {CliError} for a place that does not exist
 */
export function asWorker(config: Config, from: string | undefined): Config {
  const params = config.identity === '' && /^(nats|tls):/i.test(from ?? '') ? openParams(from!) : undefined
  return params?.kind === 'nats' ? { ...config, identity: params.stream } : config
}

/** In the folder that systemd sets aside for the service; a file for each log. */
function defaultState(path: string): string | undefined {
  const dir = process.env.STATE_DIRECTORY?.split(':')[0]
  const name = createHash('sha256').update(resolve(path)).digest('hex').slice(0, 16)
  return dir ? join(dir, `k8s-audit-${name}.json`) : undefined
}

interface Following {
  readonly follow?: boolean
  readonly begin?: 'start' | 'end'
  readonly settings?: Config['plugins']['settings']['k8saudit']
  readonly warn: (text: string) => void
}

/** How a log is followed, if it is. @param title for messages */
export function following(path: string, title: string, { follow = false, begin, settings, warn }: Following) {
  const state = settings?.stateFile ?? defaultState(path)
  return {
    follow,
    ...(begin && { from: begin }),
    ...(follow && state !== undefined && { state }),
    onStateError: ({ message }: Error) =>
      warn(`${title}: the position cannot be saved, a restart will read again: ${message}`),
  }
}

/** Standard input is finite only when it is a file: a pipe may stay open for as long as falc runs. */
export function endsByItself({ kind }: OpenParams): boolean {
  return kind === 'stdin' ? fstatSync(0).isFile() : kind === 'file'
}

/** The stream to which a webhook's bodies are published. @throws {CliError} */
export function publishParams(text: string | undefined, { kind }: OpenParams): NatsParams | undefined {
  if (text === undefined) return undefined
  if (kind !== 'webhook') throw new CliError('publish: only what a webhook receives can be published')
  const params = openParams(text)
  if (params.kind === 'nats') return params
  throw new CliError(`publish: ${text} is not of the form nats://HOST:PORT/STREAM`)
}

/** @throws {CliError} */
export function openParams(text: string): OpenParams {
  try {
    return parseOpenParams(text)
  } catch (error) {
    throw new CliError(`Kubernetes audit events: ${(error as Error).message}`)
  }
}
