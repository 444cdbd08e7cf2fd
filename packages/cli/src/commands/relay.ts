import { configuredDelivery, type Delivery, FORMATS, OutputError } from '@falc/outputs'
import { defineCommand, print } from '../command.ts'
import { CliError } from '../fail.ts'
import { hostname } from '../hostname.ts'
import { EARLY_LOG, Log } from '../log.ts'
import { keepOwnFiles } from '../own-files.ts'
import { type Enrich, enricher } from '../relay/enrich.ts'
import { Relay, type RelayParts } from '../relay/relay.ts'
import { type RelaySettings, relaySettings } from '../relay/settings.ts'
import { SidekickConfig } from '../relay/sidekick/config.ts'
import { tuneForEvents } from '../v8-flags.ts'

export const relay = defineCommand({
  name: 'relay',
  usage: '[-c FILE] [--queue FOLDER] [--token-file FILE]',
  summary: "Receive alerts over HTTP like falcosidekick, with its configuration, and deliver them to falc's outputs",
  flags: {
    'config-file': {
      short: 'c',
      value: 'FILE',
      help: "falcosidekick's YAML, and falc's outputs under `outputs`; environment variables take precedence",
    },
    queue: { value: 'FOLDER', help: 'Keep alerts in this folder until they are delivered: they survive a crash' },
    'token-file': { value: 'FILE', help: 'Accept alerts only with one of these bearer tokens, one per line' },
    'skip-unsupported': { help: 'Start without those configured outputs that falc does not have' },
    check: { help: 'Show which outputs the configuration translates to, and stop' },
  },
  async run(flags, [extra]) {
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}" (a configuration goes with -c)`)
    const config = new SidekickConfig(flags['config-file'], process.env)
    const enrich = enricher(config)
    const settings = relaySettings(config, { queue: flags.queue, skipUnsupported: flags['skip-unsupported'] })
    const log = new Log(EARLY_LOG)
    for (const warning of settings.warnings) log.warning(warning)
    try {
      if (flags.check) for (const { name, type } of settings.outputs) print(`${name}: ${type}\n`)
      else await serve(config, settings, enrich, flags['token-file'], log)
      return 0
    } finally {
      settings.dispose()
    }
  },
})

async function serve(
  config: SidekickConfig,
  settings: RelaySettings,
  enrich: Enrich,
  tokens: string | undefined,
  log: Log,
): Promise<void> {
  // From here on, a signal does not leave private files behind.
  const stopped = stopSignal()
  const deliveries = await open(settings, log)
  const relay = await listening(config, { deliveries, enrich, hostname: hostname(), tokens, log })
  tuneForEvents()
  // Renewed certificate files are reloaded, as in `falc run`.
  const reopen = () => {
    for (const delivery of deliveries) void delivery.reopen()
  }
  process.on('SIGHUP', reopen).on('SIGUSR1', reopen)
  if (relay.exposed !== undefined)
    log.warning(`listening on ${relay.exposed} without authentication: anyone who can reach it can forge alerts`)
  await keepOwnFiles()
  log.info(`Accepting alerts at ${relay.urls.join(' and ')} for ${settings.outputs.map(({ name }) => name).join(', ')}`)
  await stopped
  await relay.close()
  const stop = new AbortController()
  void stopSignal().then(() => stop.abort())
  await Promise.all(deliveries.map(delivery => delivery.close(STOP_MS, stop.signal)))
  process.off('SIGHUP', reopen).off('SIGUSR1', reopen)
}

/** An output that listens, or stays connected, would keep a process that cannot receive alerts. @throws {CliError} */
async function listening(config: SidekickConfig, parts: RelayParts): Promise<Relay> {
  try {
    const relay = new Relay(config, parts)
    await relay.listen()
    return relay
  } catch (error) {
    await Promise.all(parts.deliveries.map(delivery => delivery.close(0)))
    throw error
  }
}

/** Milliseconds without progress after which a stop gives up an output. */
const STOP_MS = 5000

async function open({ outputs, source }: RelaySettings, log: Log): Promise<Delivery[]> {
  const opened: Delivery[] = []
  try {
    for (const settings of outputs) {
      const delivery = configuredDelivery(settings, {
        hostname: hostname(),
        source,
        format: name => FORMATS[name].format,
        log: (level, text) => log.write(level, text),
      })
      await delivery.open()
      opened.push(delivery)
    }
    return opened
  } catch (error) {
    await Promise.all(opened.map(delivery => delivery.close(0)))
    if (error instanceof OutputError) throw new CliError(error.message)
    throw error
  }
}

function stopSignal(): Promise<void> {
  return new Promise(resolve => {
    const stop = () => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      resolve()
    }
    process.on('SIGINT', stop).on('SIGTERM', stop)
  })
}
