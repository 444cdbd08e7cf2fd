import { CHECKS } from './checks.ts'
import { type ConfigPlace, where } from './error.ts'
import type { Env } from './expand.ts'
import { type ConfigFiles, readConfigFiles } from './files.ts'
import { FALCO_YAML } from './keys/falco-yaml.ts'
import type { Reading } from './kind.ts'
import { type PluginsConfig, readPlugins } from './plugins.ts'
import { keysOf, type ValuesOf } from './section.ts'
import type { ConfigMap, ConfigNode } from './tree.ts'

type Values = ValuesOf<(typeof FALCO_YAML)['keys']>

/** falco.yaml as its table reads it, under Falco's names. */
export interface Config extends Omit<Values, 'plugins'> {
  readonly files: ConfigFiles['files']
  /** Files and folders whose changes matter. */
  readonly watch: readonly string[]
  /** Findings about the configuration: unknown keys, values without effect, missing files. */
  readonly warnings: readonly string[]
  readonly plugins: PluginsConfig
}

/**
 * Reads falco.yaml with everything that it includes, and `-o` options.
 * @param path undefined = built-in defaults
 * @param alerts the fields that conditions and templates of outputs may name; default: any
 * @throws {ConfigError}
 */
export function loadConfig(
  path: string | undefined,
  options: readonly string[],
  env: Env = process.env,
  alerts?: Reading['alerts'],
): Config {
  const { root, files, watch, warnings } = readConfigFiles(path, options, env)
  const found: Finding[] = []
  const at = { path: '', env, alerts, warn: (reason: string, place: ConfigPlace) => void found.push({ reason, place }) }
  const values = FALCO_YAML.values(root, at)
  const plugins = readPlugins(values, at, nodeAt(root, 'load_plugins'))
  for (const { key, warns, text } of CHECKS) {
    const node = nodeAt(root, key)
    if (node !== undefined && warns(values)) at.warn(text, node.place)
  }
  return { ...values, plugins, files, watch, warnings: [...warnings, ...inOrder(found)] }
}

interface Finding {
  readonly reason: string
  readonly place: ConfigPlace
}

/** As text, in the order of their places. */
function inOrder(found: readonly Finding[]): string[] {
  const sources = [...new Set(found.map(({ place }) => place.source))]
  const rank = ({ source }: ConfigPlace) => sources.indexOf(source)
  return [...found]
    .sort((a, b) => rank(a.place) - rank(b.place) || a.place.offset - b.place.offset)
    .map(({ reason, place }) => `${where(place)}: ${reason}`)
}

function nodeAt(root: ConfigMap, path: string): ConfigNode | undefined {
  let node: ConfigNode | undefined = root
  for (const key of path.split('.')) node = node?.kind === 'map' ? node.entries.get(key)?.value : undefined
  return node
}

/** Rules files in order: the newest name of the key that is used. */
export function rulesFiles({ rules_files, rule_files, rules_file }: Config): readonly string[] {
  return [rules_files, rule_files, rules_file].find(list => list.length > 0) ?? []
}

/** Keys with different values whose change takes effect after a restart. */
export function changedForRestart(before: Config, after: Config): string[] {
  return keysOf(FALCO_YAML)
    .filter(({ restart }) => restart)
    .map(({ path }) => path)
    .filter(path => JSON.stringify(valueAt(before, path)) !== JSON.stringify(valueAt(after, path)))
}

function valueAt(config: Config, path: string): unknown {
  return path.split('.').reduce<any>((value, key) => value?.[key], config)
}
