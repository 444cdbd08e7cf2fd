import { didYouMean } from '../text/did-you-mean.ts'
import type { Problem } from '../text/problem.ts'
import { type Context, LoadFailure } from './context.ts'
import { at, MapReader, parseUint32 } from './decode.ts'
import type { NamedKind } from './failed-items.ts'
import type { Item, PluginRequirement } from './item.ts'
import { ERROR_OVERRIDE_APPEND, readAppend, readOverrides } from './read-override.ts'
import { readRule } from './read-rule.ts'
import type { PluginVersion } from './rule.ts'
import { ENGINE_VERSION, formatVersion, parseVersion, satisfies } from './version.ts'
import type { YamlMap, YamlNode } from './yaml.ts'

const KEYS = {
  list: ['list', 'items', 'append', 'override'],
  macro: ['macro', 'condition', 'append', 'override'],
  rule: [
    'rule',
    'condition',
    'output',
    'desc',
    'priority',
    'source',
    'enabled',
    'tags',
    'exceptions',
    'warn_evttypes',
    'skip-if-unknown-filter',
    'capture',
    'capture_duration',
    'append',
    'override',
  ],
} as const

const LIST_NAME = /^[^()"'\s=,]+$/
const MACRO_NAME = /^[a-zA-Z]+[a-zA-Z0-9_]*$/

/** Thrown for a required_engine_version that this engine does not satisfy. */
export class EngineTooOld extends LoadFailure {}

/** `rule` of `Rule` and `rules`: an item of which only the key is wrong. */
function keyHint(node: YamlMap): string {
  for (const key of node.entries.keys()) {
    const hint = didYouMean(key.toLowerCase(), Object.keys(KEYS))
    if (hint !== '') return hint
  }
  return ''
}

/**
 * Reads one item of a rules file and adds its warnings to `warnings`.
 * @throws {LoadFailure} for the first error
 */
export function readItem(node: YamlNode, file: Context, warnings: Problem[]): Item {
  if (node.kind !== 'map')
    throw new LoadFailure(
      at(file, 'rules content item', '', node),
      'LOAD_ERR_YAML_VALIDATE',
      'Unexpected element type. Each element should be a yaml associative array.',
    )
  const has = (key: string) => node.entries.has(key)
  if (has('required_engine_version'))
    return readEngineVersion(new MapReader(node, at(file, 'required_engine_version', '', node)))
  if (has('required_plugin_versions')) return readPluginVersions(new MapReader(node, file))
  for (const kind of ['list', 'macro', 'rule'] as const) {
    if (!has(kind)) continue
    const name = new MapReader(node, at(file, kind, '', node)).text(kind)
    const reader = new MapReader(node, at(file, kind, name, node))
    const item =
      kind === 'list'
        ? readList(reader, name, warnings)
        : kind === 'macro'
          ? readMacro(reader, name, warnings)
          : readRule(reader, name, warnings)
    warnOfUnknownKeys(reader, kind, warnings)
    return item
  }
  warnings.push(
    at(file, 'rules content item', '', node).problem('LOAD_UNKNOWN_ITEM', `Unknown top level item${keyHint(node)}`),
  )
  return { kind: 'unknown' }
}

/** The item that a node defines or changes, if that much of it can be read. */
export function nameOf(node: YamlNode): { kind: NamedKind; name: string } | undefined {
  if (node.kind !== 'map') return undefined
  const kind = (['list', 'macro', 'rule'] as const).find(key => node.entries.has(key))
  const name = kind && node.entries.get(kind)!.value
  return name?.kind === 'scalar' && name.text !== '' ? { kind: kind!, name: name.text } : undefined
}

function warnOfUnknownKeys(reader: MapReader, kind: keyof typeof KEYS, warnings: Problem[]): void {
  const known: readonly string[] = KEYS[kind]
  for (const { key, keyOffset } of reader.map.entries.values())
    if (!known.includes(key))
      warnings.push(
        reader.context
          .at('value for', key, keyOffset, key.length)
          .problem('LOAD_UNKNOWN_KEY', `Unknown key '${key}' in ${kind} definition: it is ignored`),
      )
}

function readEngineVersion(reader: MapReader): Item {
  const text = reader.text('required_engine_version')
  const number = parseUint32(text)
  const version = number === undefined ? parseVersion(text) : { major: 0, minor: number, patch: 0 }
  if (version === undefined)
    reader.fail(`Unable to parse engine version '${text}' as a semver string. Expected "x.y.z" semver format.`)
  if (!satisfies(ENGINE_VERSION, version))
    throw new EngineTooOld(
      reader.context,
      'LOAD_ERR_VALIDATE',
      `Rules require engine version ${formatVersion(version)}, but engine version is ${formatVersion(ENGINE_VERSION)}`,
    )
  return { kind: 'engine version', version }
}

function readPluginVersions(reader: MapReader): Item {
  const type = 'required plugin versions'
  const { seq, context } = reader.sequence(
    'required_plugin_versions',
    type,
    'Value of required_plugin_versions must be a sequence',
  )
  const requirements = seq.items.map((node): PluginRequirement => {
    const { found, reader: plugin } = readPlugin(
      node,
      context,
      'required plugin versions entry',
      'Plugin version must be a mapping',
    )
    const alternatives = [found]
    if (plugin.has('alternatives')) {
      const list = plugin.value('alternatives')
      if (list.kind !== 'seq')
        throw new LoadFailure(
          plugin.context,
          'LOAD_ERR_YAML_VALIDATE',
          'Value of plugin version alternatives must be a sequence',
        )
      for (const other of list.items)
        alternatives.push(
          readPlugin(
            other,
            plugin.context,
            'required plugin versions alternative',
            'Plugin version alternative must be a mapping',
          ).found,
        )
    }
    return { alternatives, context: plugin.context }
  })
  return { kind: 'plugin versions', requirements }
}

function readPlugin(
  node: YamlNode,
  parent: Context,
  type: 'required plugin versions entry' | 'required plugin versions alternative',
  otherwise: string,
): { found: PluginVersion; reader: MapReader } {
  const unnamed = at(parent, type, '', node)
  if (node.kind !== 'map') throw new LoadFailure(unnamed, 'LOAD_ERR_YAML_VALIDATE', otherwise)
  const name = new MapReader(node, unnamed).text('name')
  const reader = new MapReader(node, at(parent, type, name, node))
  return { found: { name, version: reader.text('version') }, reader }
}

function readList(reader: MapReader, name: string, warnings: Problem[]): Item {
  const { context } = reader
  if (!LIST_NAME.test(name))
    warnings.push(
      context.problem(
        'LOAD_INVALID_LIST_NAME',
        `List has an invalid name. List names should match a regular expression: ([^()"'[:space:]=,]+)`,
      ),
    )
  const items = reader.texts('items')
  const append = readChoice(reader, 'items', warnings)
  return { kind: 'list', name, items, append, context }
}

function readMacro(reader: MapReader, name: string, warnings: Problem[]): Item {
  const { context } = reader
  if (!MACRO_NAME.test(name))
    warnings.push(
      context.problem(
        'LOAD_INVALID_MACRO_NAME',
        'Macro has an invalid name. Macro names should match a regular expression: ([a-zA-Z]+[a-zA-Z0-9_]*)',
      ),
    )
  const condition = reader.mapped('condition')
  const append = readChoice(reader, 'condition', warnings)
  return { kind: 'macro', name, condition, append, context }
}

/** Whether a list or a macro is appended to; otherwise it is a new definition. */
function readChoice(reader: MapReader, key: string, warnings: Problem[]): boolean {
  const append = readAppend(reader, warnings)
  const overrides = readOverrides(reader, [key], [key], warnings)
  if (append && overrides.any) reader.fail(ERROR_OVERRIDE_APPEND)
  return append || overrides.append.has(key)
}
