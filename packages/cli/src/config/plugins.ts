import { SourceText } from '@falc/engine'
import { ConfigError, type ConfigPlace } from './error.ts'
import { expand } from './expand.ts'
import type { FALCO_YAML } from './keys/falco-yaml.ts'
import { BUILT_IN_PLUGINS, PLUGIN_SETTINGS } from './keys/plugins.ts'
import type { Reading } from './kind.ts'
import { parseTree } from './parse-tree.ts'
import type { ValuesOf } from './section.ts'
import { type ConfigNode, isNull } from './tree.ts'

type Settings = typeof PLUGIN_SETTINGS
type Raw = ValuesOf<(typeof FALCO_YAML)['keys']>

/** A plugin that the configuration uses. */
export interface PluginConfig {
  readonly name: string
  /** Path of the shared library that Falco would load. */
  readonly libraryPath: string
  readonly openParams: string
}

/** The plugins of the configuration, and their settings. */
export interface PluginsConfig {
  readonly used: readonly PluginConfig[]
  /** Settings of the built-in plugins that are used; defaults for the others. */
  readonly settings: { readonly [P in keyof Settings]: ValuesOf<Settings[P]['keys']> }
}

/**
 * The plugins that `load_plugins` names, or all of them without that key.
 * @throws {ConfigError} for a name without an item in `plugins`, and for invalid settings
 */
export function readPlugins({ plugins, load_plugins }: Raw, at: Reading, root: ConfigNode | undefined): PluginsConfig {
  const missing = load_plugins?.find(name => !plugins.some(one => one.name === name))
  if (missing !== undefined)
    throw new ConfigError(`Cannot load plugin "${missing}": plugin config not found for given name`, root?.place)
  const used = plugins.filter(({ name }) => load_plugins?.includes(name) ?? true)
  for (const { name, init_config } of plugins)
    if (init_config !== undefined && load_plugins?.includes(name) === false && BUILT_IN_PLUGINS.includes(name))
      at.warn(
        `init_config of plugin ${name} is ignored: load_plugins does not name it, so defaults apply`,
        init_config.place,
      )
  const settingsOf = (name: keyof Settings) => {
    const node = used.find(one => one.name === name)?.init_config
    return readSettings(name, node, at)
  }
  return {
    used: used.map(({ name, library_path, open_params }) => ({
      name,
      libraryPath: library_path,
      openParams: open_params.trim(),
    })),
    settings: {
      k8saudit: settingsOf('k8saudit') as PluginsConfig['settings']['k8saudit'],
      k8smeta: settingsOf('k8smeta') as PluginsConfig['settings']['k8smeta'],
      container: settingsOf('container') as PluginsConfig['settings']['container'],
    },
  }
}

/** Settings are a map, or its text. In a text, the places of values are unknown. */
function readSettings(name: keyof Settings, node: ConfigNode | undefined, at: Reading): unknown {
  const section = PLUGIN_SETTINGS[name]
  const text = node?.kind === 'scalar' ? node : undefined
  const reading = {
    env: at.env,
    path: 'init_config',
    warn: (reason: string, place: ConfigPlace) => at.warn(`plugin ${name}: ${reason}`, text?.place ?? place),
  }
  try {
    if (text === undefined) return section.values(node, reading)
    const tree = parseTree(new SourceText('init_config', expand(text.text, at.env)))
    return section.values(isNull(tree) ? undefined : tree, reading)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(`plugin ${name}: ${error.reason}`, text?.place ?? error.place)
  }
}
