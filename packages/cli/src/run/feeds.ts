import type { Source } from '@falc/engine'
import type { Config } from '../config/config.ts'
import { BUILT_IN_PLUGINS } from '../config/keys/plugins.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { engineOptions } from '../rules/options.ts'
import { auditFrom } from '../sources/audit-place.ts'
import { captureFeed } from '../sources/capture-feed.ts'
import { containerEngines, metadataOptions, withPods } from '../sources/containers.ts'
import type { Feed } from '../sources/feed.ts'
import { k8sAuditFeed } from '../sources/k8s-audit-feed.ts'
import { clusterOf, clusterPods } from '../sources/kubernetes.ts'
import { liveFeed } from '../sources/live-feed.ts'
import { backendOf, type RunFlags } from './run-flags.ts'
import type { Loaded } from './session.ts'

/**
 * The feeds that configuration and flags ask for.
 * @throws {CliError} when they ask for none, or for one that does not exist
 */
export async function openFeeds(
  { config, engine, ruleset }: Loaded,
  flags: RunFlags,
  sources: readonly Source[],
  log: Log,
): Promise<Feed[]> {
  const capture = flags.capture ?? (config.engine.kind === 'replay' ? config.engine.replay.capture_file : undefined)
  if (capture !== undefined && flags.follow) throw new CliError('--follow needs --k8s-audit FILE')
  if (flags.capture !== undefined && flags['k8s-audit'] !== undefined) {
    throw new CliError('-e and --k8s-audit cannot be combined')
  }
  plugins(config, log)
  const unused = 'workers has no effect: only audit events that are read here are evaluated by workers'
  // As in Falco, a capture is read whichever sources are enabled.
  if (capture !== undefined) {
    if (config.workers > 1) log.warning(unused)
    return [await replayFeed(capture, { config, engine }, flags)]
  }
  // An API server sends again what a webhook does not accept, so only system calls would be missed.
  const audit = flags['hand-over'] ? undefined : auditFeed(config, { engine, ruleset }, flags, log)
  const possible = [
    ...(config.engine.kind === 'nodriver' || flags['k8s-audit'] !== undefined ? [] : ['syscall']),
    ...(audit ? ['k8s_audit'] : []),
  ]
  if (flags['hand-over'] && possible.length === 0) {
    log.info('--hand-over: no system calls are watched here, and API servers send again what the webhook does not take')
    return []
  }
  const enabled = selectSources(
    flags,
    possible,
    sources.map(source => source.name),
  )
  // An error after another one has been opened would leave that open.
  const idle = audit ? undefined : enabled.find(name => name !== 'syscall')
  if (idle !== undefined)
    throw new CliError(
      `event source ${idle} has nothing to read: use --k8s-audit FROM, or configure the plugin k8saudit with open_params`,
    )
  if (config.workers > 1 && !enabled.includes('k8s_audit')) log.warning(unused)
  log.info(`Enabled event sources: ${enabled.join(', ')}`)
  return Promise.all(enabled.map(name => (name === 'syscall' ? machineFeed({ config, engine }, flags, log) : audit!)))
}

/** The events of a capture. */
function replayFeed(path: string, { config, engine }: Pick<Loaded, 'config' | 'engine'>, flags: RunFlags) {
  return captureFeed(path, engine.wantedTypes('syscall'), {
    threadTableSize: config.falco_libs.thread_table_size,
    containerEngines: containerEngines(config),
    fields: engine.fieldsRead('syscall'),
    unmatched: engine.unmatched('syscall'),
    excludes: engine.excludes('syscall'),
    // Recordings and metrics show the state as a whole.
    readAll: flags['read-all'] || config.capture.enabled || config.metrics.enabled,
  })
}

/** The system calls of this machine. */
async function machineFeed({ config, engine }: Pick<Loaded, 'config' | 'engine'>, flags: RunFlags, log: Log) {
  return liveFeed({
    config,
    wanted: engine.wantedTypes('syscall'),
    fields: engine.fieldsRead('syscall'),
    ...(!flags['no-kernel-filter'] && !config.capture.enabled && { unmatched: engine.unmatched('syscall') }),
    socketPath: flags['probe-socket'],
    containers: await withPods(metadataOptions(config), await clusterOf(config, flags['k8s-meta']), text =>
      log.source('warning', text),
    ),
    log,
  })
}

/** Audit events, if a flag or the plugin k8saudit asks for them. */
function auditFeed(
  config: Config,
  { engine, ruleset }: Pick<Loaded, 'engine' | 'ruleset'>,
  flags: RunFlags,
  log: Log,
): Feed | undefined {
  const from = auditFrom(config, flags['k8s-audit'])
  if (from === undefined) {
    if (flags.follow) throw new CliError('--follow needs --k8s-audit FILE')
    return undefined
  }
  if (flags['from-start'] && flags['from-end']) throw new CliError('--from-start and --from-end exclude each other')
  const begin = flags['from-start'] ? 'start' : flags['from-end'] ? 'end' : undefined
  if (begin !== undefined && !flags.follow) throw new CliError(`--from-${begin} needs --follow`)
  return k8sAuditFeed({
    from,
    fieldsRead: () => engine.fieldsRead('k8s_audit'),
    pods: async signal => {
      const cluster = await clusterOf(config, flags['k8s-meta'])
      return cluster && clusterPods(cluster, text => log.source('warning', text), signal)
    },
    follow: flags.follow,
    ...(begin && { begin }),
    ...(!flags['read-all'] && { rules: engine }),
    settings: config.plugins.settings.k8saudit,
    ...(ruleset && { workers: { ruleset, workers: config.workers, ...engineOptions(config, backendOf(flags)) } }),
    warn: text => log.warning(text),
    log,
  })
}

/** Logs what falc does about the plugins that the configuration uses. */
function plugins(config: Config, log: Log): void {
  for (const { name, libraryPath } of config.plugins.used) {
    if (!BUILT_IN_PLUGINS.includes(name))
      log.warning(`plugin ${name}: ignored, since falc loads no plugin libraries; rules of its source are skipped`)
    else if (libraryPath !== '') log.info(`plugin ${name}: built in, ${libraryPath} is not loaded`)
  }
}

function selectSources(flags: RunFlags, possible: readonly string[], loaded: readonly string[]): string[] {
  const enable = flags['enable-source']
  const disable = flags['disable-source']
  if (enable.length > 0 && disable.length > 0) {
    throw new CliError('You can not mix --enable-source and --disable-source')
  }
  const unknown = (verb: string, names: readonly string[]) => {
    const name = names.find(one => !loaded.includes(one))
    if (name !== undefined) throw new CliError(`Attempted ${verb} an unknown event source: ${name}`)
  }
  unknown('enabling', enable)
  unknown('disabling', disable)
  const enabled = enable.length > 0 ? [...new Set(enable)] : possible.filter(name => !disable.includes(name))
  if (enabled.length === 0) throw new CliError('Must enable at least one event source')
  return enabled
}
