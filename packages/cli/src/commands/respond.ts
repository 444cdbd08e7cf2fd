import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AlertData, alerts } from '@falc/engine'
import { NATS_CONNECTION, type NatsLogin, OutputError, readOptions } from '@falc/outputs'
import { NatsInput, STOP_FILE } from '@falc/response'
import { addressOf } from '../address.ts'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError, subcommandError } from '../fail.ts'
import { Log } from '../log.ts'
import { responsePage } from '../meter/response.ts'
import { keepOwnFiles } from '../own-files.ts'
import { answer, pending } from '../playbooks/approve.ts'
import { RESPOND_FLAGS, type RespondCall } from '../playbooks/call.ts'
import { check } from '../playbooks/check.ts'
import { history } from '../playbooks/history.ts'
import { rbac } from '../playbooks/rbac.ts'
import { simulate } from '../playbooks/simulate.ts'
import { talon } from '../playbooks/talon.ts'
import { testPlaybooks } from '../playbooks/test-files.ts'
import { configuredResponder } from '../respond/in-process.ts'
import { HttpInput, MetricsServer, readStdin, stopSignal } from '../respond/inputs.ts'
import { configPath } from '../run/loader.ts'
import { type Credentials, ServerFiles } from '../server-files.ts'
import { loadSources } from '../sources/load.ts'

export const respond = defineCommand({
  name: 'respond',
  usage:
    '[check | test [FILE…] | simulate | rbac [NAMESPACE…] | talon FILE… | history [ID] | pending | approve [ID] | deny [ID] | stop | resume] [-f PLAYBOOKS]… [FLAGS]',
  summary:
    'Act on alerts from standard input, HTTP or NATS with playbooks; check, test and simulate playbooks; show what was done',
  flags: RESPOND_FLAGS,
  async run(flags, [verb, ...rest]) {
    const source = alerts({ sources: await loadSources() })
    const loaded = loadConfig(configPath(flags.config), flags.option, process.env, () => source)
    const { response } = loaded
    const playbooks = flags.file.length > 0 ? flags.file : response.playbooks
    const config = { ...loaded, response: { ...response, playbooks, folder: flags.folder ?? response.folder } }
    const call = { flags, config, source, log: new Log(config), rest }
    if (verb === undefined) return call.log.during(() => serve(call))
    if (!Object.hasOwn(VERBS, verb)) throw subcommandError('respond', verb, Object.keys(VERBS))
    if (rest.length > 0 && ALONE.includes(verb))
      throw new CliError(`unexpected argument "${rest[0]}": falc respond ${verb} takes playbooks with -f`)
    return VERBS[verb]!(call)
  },
})

/** Subcommands without arguments. */
const ALONE: readonly string[] = ['check', 'simulate', 'pending', 'stop', 'resume']

const VERBS: Readonly<Record<string, (call: RespondCall) => Promise<number> | number>> = {
  check,
  test: testPlaybooks,
  simulate,
  rbac,
  talon,
  history,
  pending,
  approve: call => answer(call, 'approved'),
  deny: call => answer(call, 'denied'),
  stop: call => toggle(call, true),
  resume: call => toggle(call, false),
}

/** The stop file: no process has to be found, and it stays over restarts. */
function toggle({ config }: RespondCall, stop: boolean): number {
  const { folder } = config.response
  const path = join(folder, STOP_FILE)
  try {
    if (stop) writeFileSync(path, `${new Date().toISOString()}\n`)
    else rmSync(path, { force: true })
  } catch (error) {
    throw new CliError((error as Error).message)
  }
  print(stop ? `Playbooks stopped: ${path}\n` : 'Playbooks resumed\n')
  return 0
}

async function serve(call: RespondCall): Promise<number> {
  const { config, source, log, flags } = call
  if (config.response.playbooks.length === 0)
    throw new CliError(
      'there are no playbooks: give their files with -f, or in response.playbooks of the configuration',
    )
  if (flags.nats !== undefined && flags.listen !== undefined)
    throw new CliError('--nats and --listen exclude each other')
  if (flags.listen !== undefined && flags.metrics !== undefined)
    throw new CliError('--listen has /metrics itself: leave --metrics out')
  if (flags.nats !== undefined || (config.response.nats !== undefined && flags.listen === undefined))
    return serveNats(call)
  const open = await configuredResponder(config, source, log)
  const stop = new AbortController()
  const stopped = stopSignal().then(() => stop.abort())
  const take = (alert: AlertData) => open.responder.take(alert)
  try {
    await keepOwnFiles()
    if (flags.listen === undefined) return (await readStdin(take, log, stop.signal)) === 0 ? 0 : 1
    const files = new ServerFiles('respond', { tokens: flags['token-file'] }, log)
    const address = { ...addressOf(flags.listen, '--listen'), ...tokensIn(files), onFault: faultsIn(log) }
    const input = new HttpInput(address, take, () => responsePage(open.counts))
    await input.listen().catch(error => {
      throw new CliError(`--listen: ${(error as Error).message}`)
    })
    const unwatch = files.keep(input)
    log.info(`Responding to alerts posted to ${input.url}`)
    await stopped
    unwatch()
    await input.close()
    return 0
  } finally {
    await open.close()
    if (open.responder.counts.alerts > 0) log.info(open.responder.summary)
  }
}

const faultsIn = (log: Log) => (text: string) => log.error(`respond: ${text}`)

/** @throws {CliError} */
async function meter(address: string, page: () => string, log: Log): Promise<MetricsServer> {
  const metrics = new MetricsServer({ ...addressOf(address, '--metrics'), onFault: faultsIn(log) }, page)
  await metrics.listen().catch(error => {
    throw new CliError(`--metrics: ${(error as Error).message}`)
  })
  return metrics
}

async function serveNats({ config, source, log, flags }: RespondCall): Promise<number> {
  const { nats, timeout } = config.response
  const given = flags.nats === undefined ? nats! : { ...nats, url: flags.nats.split(',') }
  const connection = readOptions(NATS_CONNECTION, given, {
    path: [],
    source: () => source,
    warn: (_, reason) => log.warning(reason),
  }) as unknown as NatsLogin
  const input = await NatsInput.open({
    connection,
    ...(flags.stream !== undefined && { stream: flags.stream }),
    ...(flags.durable !== undefined && { durable: flags.durable }),
    // More than a step may take.
    lease: timeout + 30_000,
    log: (level, text) => log.write(level, text),
  }).catch(error => {
    throw error instanceof OutputError || error instanceof Error ? new CliError(error.message) : error
  })
  try {
    const open = await configuredResponder(config, source, log, { once: input.once }, { nats: input.port })
    let metrics: MetricsServer | undefined
    try {
      if (flags.metrics !== undefined)
        metrics = await meter(flags.metrics, () => responsePage(open.counts, input.counts), log)
      const stopped = stopSignal().then(() => input.stop())
      if (metrics) log.info(`Metrics at ${metrics.url}/metrics`)
      await keepOwnFiles()
      log.info(`Responding to alerts of ${connection.url.join(', ')}`)
      await input.run((alert, stored) => open.responder.take(alert, stored))
      await stopped
      return 0
    } finally {
      await metrics?.close()
      await open.close()
      log.info(
        `${open.responder.summary}; ${input.counts.redelivered} came again, ${input.counts.refused} were no alerts`,
      )
    }
  } finally {
    await input.close()
  }
}

/** @throws {CliError} */
function tokensIn(files: ServerFiles): Credentials {
  try {
    return files.read()
  } catch (error) {
    throw new CliError(`--token-file: ${(error as Error).message}`)
  }
}
