import type { MetadataCounts, MetadataOptions } from '@falc/sources-syscall'
import { parse } from 'yaml'
import { type Config, loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'

/** The engines of Falco's container plugin, by the protocol that is spoken with them. */
const ENGINES = { docker: ['docker'], podman: ['podman'], cri: ['cri', 'containerd'] } as const

/** What a falco.yaml says for the plugin. @throws {CliError | ConfigError} */
export function configuredEngines(path: string): MetadataOptions {
  return pluginOptions(loadConfig(path, []))
}

/** @throws {CliError} */
export function pluginOptions({ plugins }: Config): MetadataOptions {
  return containerOptions(plugins.find(({ name }) => name === 'container')?.initConfig ?? '')
}

/**
 * Reads what the configuration says for Falco's container plugin: `engines.NAME.{enabled, sockets}`, `label_max_len`; and
 * `hold_ms`, which is falc's own. @throws {CliError}
 */
export function containerOptions(initConfig: string): MetadataOptions {
  const config = read(initConfig)
  if (config === undefined || config === null) return {}
  if (!isMap(config)) throw new CliError('plugin container: init_config must be a map')
  const engines = config.engines ?? {}
  if (!isMap(engines)) throw new CliError('plugin container: init_config.engines must be a map')
  const sockets: Record<string, string[]> = {}
  for (const [kind, names] of Object.entries(ENGINES)) {
    const named = names.filter(name => isMap(engines[name])).map(name => socketsOf(name, engines[name] as Settings))
    if (named.some(list => list !== undefined)) sockets[kind] = named.flatMap(list => list ?? [])
  }
  return {
    sockets,
    ...limit(config, 'label_max_len', 'labelMaxLength'),
    ...limit(config, 'hold_ms', 'holdMs'),
  }
}

/** What became of look-ups, announcements and evaluations that waited, by name; what did not happen is left out. */
export function metadataCounts({
  lookups,
  ahead,
  watches,
  dropped,
  ...evaluations
}: MetadataCounts): Record<string, number> {
  const groups = {
    'look-ups': lookups,
    'look-ups ahead': ahead,
    announcements: { ...watches, dropped },
    evaluations,
  }
  const named = Object.entries(groups).flatMap(([what, counts]) =>
    Object.entries(counts).map(([outcome, count]): [string, number] => [`${what} ${outcome}`, count]),
  )
  return Object.fromEntries(named.filter(([, count]) => count > 0))
}

type Settings = Readonly<Record<string, unknown>>

function read(text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    throw new CliError(`plugin container: init_config can't be read: ${(error as Error).message}`)
  }
}

/** undefined = as usual. */
function socketsOf(name: string, engine: Settings): string[] | undefined {
  if (engine.enabled === false) return []
  const { sockets } = engine
  if (sockets === undefined) return undefined
  if (!Array.isArray(sockets) || sockets.some(socket => typeof socket !== 'string'))
    throw new CliError(`plugin container: engines.${name}.sockets must be a list of paths`)
  return sockets
}

function limit<K extends string>(config: Settings, key: string, name: K): { readonly [P in K]?: number } {
  const value = config[key]
  if (value === undefined) return {}
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new CliError(`plugin container: ${key} must be a whole number`)
  return { [name]: value } as { [P in K]: number }
}

function isMap(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
