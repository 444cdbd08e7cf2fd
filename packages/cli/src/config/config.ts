import { PRIORITIES, type Priority } from '@falc/engine'
import { checkSchema, warningText } from './check.ts'
import { ConfigError, where } from './error.ts'
import { type ConfigFiles, readConfigFiles } from './files.ts'
import { type LiveConfig, readLive } from './live.ts'
import { type LogConfig, readLog } from './log.ts'
import { type MetricsConfig, readMetrics } from './metrics.ts'
import { noEffectWarnings } from './no-effect.ts'
import { type OutputsConfig, readOutputs } from './outputs.ts'
import { pluginWarnings } from './plugin-settings.ts'
import { ConfigReader } from './reader.ts'
import { CONFIG_SCHEMA } from './schema.ts'
import { readSyscallHealth, type SyscallHealthConfig } from './syscall-health.ts'

const ENGINE_KINDS = ['kmod', 'modern_ebpf', 'replay', 'nodriver'] as const
export type EngineKind = (typeof ENGINE_KINDS)[number]

/** What falc acts on of falco.yaml, with Falco's defaults (differences: docs/config.md). */
export interface Config {
  readonly files: ConfigFiles['files']
  readonly watch: readonly string[]
  /** About the configuration: unknown keys, missing files. */
  readonly warnings: readonly string[]
  readonly engine: { readonly kind: EngineKind; readonly captureFile: string }
  readonly live: LiveConfig
  readonly plugins: readonly PluginConfig[]
  readonly rulesFiles: readonly string[]
  readonly ruleSelection: readonly RuleSelection[]
  readonly priority: Priority
  readonly ruleMatching: 'first' | 'all'
  readonly appendOutput: readonly AppendOutput[]
  readonly staticFields: Readonly<Record<string, string>>
  readonly json: JsonConfig
  readonly iso8601: boolean
  readonly base64: boolean
  readonly outputs: OutputsConfig
  readonly watchConfigFiles: boolean
  readonly log: LogConfig
  readonly metrics: MetricsConfig
  readonly syscallHealth: SyscallHealthConfig
  readonly webserver: WebserverConfig
  readonly capture: CaptureConfig
}

export interface PluginConfig {
  readonly name: string
  /** Of a shared library that falc does not load: what it does is built in. */
  readonly libraryPath: string
  /** A map in the file is given as JSON text, as in Falco. */
  readonly initConfig: string
  readonly openParams: string
}
export interface RuleSelection {
  readonly op: 'enable' | 'disable'
  readonly rule?: string
  readonly tag?: string
}
export interface AppendOutput {
  readonly match?: { readonly source?: string; readonly tags?: readonly string[]; readonly rule?: string }
  readonly extra_output?: string
  readonly extra_fields?: readonly (string | Readonly<Record<string, string>>)[]
  readonly suggested_output?: boolean
}
export interface JsonConfig {
  readonly enabled: boolean
  readonly output: boolean
  readonly message: boolean
  readonly outputFields: boolean
  readonly tags: boolean
}
export interface WebserverConfig {
  readonly enabled: boolean
  readonly port: number
  readonly address: string
  readonly healthz: string
  readonly metrics: boolean
  /** A PEM file with certificate and key; empty: plain HTTP. */
  readonly certificate: string
}
export interface CaptureConfig {
  readonly enabled: boolean
  readonly pathPrefix: string
  readonly mode: 'rules' | 'all_rules'
  readonly defaultDurationNs: bigint
  readonly maxFileSizeMb: number
}

/**
 * Reads falco.yaml with everything that it includes and `-o` options.
 * @throws {ConfigError}
 */
export function loadConfig(
  path: string | undefined,
  options: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const { root, files, watch, warnings } = readConfigFiles(path, options)
  const reader = new ConfigReader(root, env)
  const schema = checkSchema(root, CONFIG_SCHEMA).map(warningText)
  const engine = readEngine(reader)
  return {
    files,
    watch,
    warnings: [
      ...warnings,
      ...schema,
      ...oldKeys(reader),
      ...noEffectWarnings(reader),
      ...pluginWarnings(reader),
      ...oddities(reader),
    ],
    engine,
    live: readLive(reader, engine.kind === 'kmod' ? 'kmod' : 'modern_ebpf'),
    plugins: readPlugins(reader),
    rulesFiles: RULES_KEYS.map(key => reader.strings(key)).find(list => list.length > 0) ?? [],
    ruleSelection: readSelection(reader),
    priority: readPriority(reader),
    ruleMatching: reader.choice('rule_matching', ['first', 'all'], 'first'),
    appendOutput: readAppendOutput(reader),
    staticFields: reader.table('static_fields'),
    json: {
      enabled: reader.boolean('json_output', false),
      output: reader.boolean('json_include_output_property', true),
      message: reader.boolean('json_include_message_property', false),
      outputFields: reader.boolean('json_include_output_fields_property', true),
      tags: reader.boolean('json_include_tags_property', true),
    },
    iso8601: reader.boolean('time_format_iso_8601', false),
    base64: reader.boolean('buffer_format_base64', false),
    outputs: readOutputs(reader),
    watchConfigFiles: reader.boolean('watch_config_files', true),
    log: readLog(reader),
    metrics: readMetrics(reader),
    syscallHealth: readSyscallHealth(reader),
    webserver: {
      enabled: reader.boolean('webserver.enabled', false),
      port: reader.integer('webserver.listen_port', 8765, 0, 65535),
      address: reader.string('webserver.listen_address', '0.0.0.0'),
      healthz: reader.string('webserver.k8s_healthz_endpoint', '/healthz'),
      metrics: reader.boolean('webserver.prometheus_metrics_enabled', false),
      certificate: reader.boolean('webserver.ssl_enabled', false)
        ? reader.string('webserver.ssl_certificate', '/etc/falco/falco.pem')
        : '',
    },
    capture: {
      enabled: reader.boolean('capture.enabled', false),
      pathPrefix: reader.string('capture.path_prefix', '/tmp/falco'),
      mode: reader.choice('capture.mode', ['rules', 'all_rules'], 'rules'),
      defaultDurationNs: BigInt(reader.integer('capture.default_duration', 5000)) * 1_000_000n,
      maxFileSizeMb: reader.integer('capture.max_file_size_mb', 0),
    },
  }
}

/** The newest name first; the others are older names of the same key. */
const RULES_KEYS = ['rules_files', 'rule_files', 'rules_file'] as const

function oldKeys(reader: ConfigReader): string[] {
  return reader.node('rules_file')
    ? [
        "Using deprecated config key 'rules_file' (singular form). Please use new 'rules_files' config key (plural form).",
      ]
    : []
}

/** Settings that do something, though not what their words say. */
function oddities(reader: ConfigReader): string[] {
  const found: string[] = []
  const note = (key: string, text: string) => {
    const place = reader.place(key)
    found.push(place ? `${where(place)}: ${text}` : text)
  }
  if (reader.string('engine.kind', '').toLowerCase() === 'kmod') {
    note(
      'engine.kind',
      'engine.kind kmod: falc has no kernel module, its BPF probe is used with the settings of engine.kmod',
    )
  }
  const on = (key: string) => reader.boolean(key, false)
  const page = on('webserver.enabled') && on('webserver.prometheus_metrics_enabled')
  if (on('metrics.enabled') && !on('metrics.output_rule') && reader.string('metrics.output_file', '') === '' && !page) {
    note('metrics.enabled', 'metrics are enabled with no output configured, no snapshot will be collected')
  }
  return found
}

function readPriority(reader: ConfigReader): Priority {
  const names = [...PRIORITIES, 'Info'] as const
  const name = reader.choice('priority', names, 'Debug')
  return name === 'Info' ? 'Informational' : name
}

function readEngine(reader: ConfigReader): Config['engine'] {
  const kind = reader.choice('engine.kind', ENGINE_KINDS, 'modern_ebpf')
  const captureFile = reader.string('engine.replay.capture_file', '')
  if (kind === 'replay' && captureFile === '') {
    throw new ConfigError(
      "Error reading config file: engine.kind is 'replay' but no engine.replay.capture_file specified.",
      reader.place('engine.kind'),
    )
  }
  return { kind, captureFile }
}

/** All plugins; those of load_plugins, where that key is there at all. */
function readPlugins(reader: ConfigReader): PluginConfig[] {
  const all = reader.maps('plugins').map(({ reader: plugin, place }) => {
    const name = plugin.string('name', '')
    if (name === '') throw new ConfigError('a plugin needs a name', place)
    const init = plugin.node('init_config')
    const initConfig = !init ? '' : init.kind === 'scalar' ? plugin.text(init) : JSON.stringify(plugin.data(init))
    return {
      name,
      libraryPath: plugin.string('library_path', ''),
      initConfig,
      openParams: plugin.string('open_params', '').trim(),
    }
  })
  if (!reader.node('load_plugins')) return all
  return reader.strings('load_plugins').map(name => {
    const plugin = all.find(one => one.name === name)
    if (plugin) return plugin
    throw new ConfigError(
      `Cannot load plugin "${name}": plugin config not found for given name`,
      reader.place('load_plugins'),
    )
  })
}

function readSelection(reader: ConfigReader): RuleSelection[] {
  return reader.maps('rules').map(({ reader: item, keys, place }) => {
    const op = (['enable', 'disable'] as const).find(one => keys.includes(one))
    const rule = op && item.string(`${op}.rule`, '')
    const tag = op && item.string(`${op}.tag`, '')
    if (!op || (!rule && !tag)) {
      throw new ConfigError('an item of rules is enable: or disable: with rule: NAME, tag: NAME or both', place)
    }
    return { op, ...(rule ? { rule } : {}), ...(tag ? { tag } : {}) }
  })
}

function readAppendOutput(reader: ConfigReader): AppendOutput[] {
  return reader.maps('append_output').map(({ reader: item }) => {
    const source = item.string('match.source', '')
    const rule = item.string('match.rule', '')
    const tags = item.strings('match.tags')
    const extraOutput = item.string('extra_output', '')
    const extraFields = item.items('extra_fields').map(field => {
      if (field.kind === 'scalar') return item.text(field)
      const value = item.data(field)
      if (field.kind === 'map' && Object.values(value as object).every(v => typeof v === 'string')) {
        return value as Record<string, string>
      }
      throw new ConfigError('an item of extra_fields is a field, or a map of names to output templates', field.place)
    })
    return {
      match: { ...(source && { source }), ...(rule && { rule }), ...(tags.length > 0 && { tags }) },
      ...(extraOutput && { extra_output: extraOutput }),
      ...(extraFields.length > 0 && { extra_fields: extraFields }),
      suggested_output: item.boolean('suggested_output', false),
    }
  })
}
