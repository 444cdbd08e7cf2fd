import type { Problem } from '../text/problem.ts'
import { LoadFailure } from './context.ts'
import type { MapReader } from './decode.ts'
import type { Item, RuleChanges } from './item.ts'
import { PRIORITIES, type Priority, parsePriority } from './priority.ts'
import { readExceptions } from './read-exceptions.ts'
import { ERROR_OVERRIDE_APPEND, readAppend, readOverrides } from './read-override.ts'

export const WARNING_ENABLED =
  "The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under the 'override' key (i.e. 'enabled: replace')."

export const APPENDABLE: readonly string[] = ['condition', 'output', 'desc', 'tags', 'exceptions']
export const REPLACEABLE: readonly string[] = [
  'condition',
  'output',
  'desc',
  'priority',
  'tags',
  'exceptions',
  'enabled',
  'warn_evttypes',
  'skip-if-unknown-filter',
  'capture',
  'capture_duration',
]

/**
 * A rule item: a complete rule, an append, an override, or the old form that enables or disables a rule.
 * @throws {LoadFailure}
 */
export function readRule(reader: MapReader, name: string, warnings: Problem[]): Item {
  const { context } = reader
  const append = readAppend(reader, warnings)
  const overrides = readOverrides(reader, APPENDABLE, REPLACEABLE, warnings)
  if (append && overrides.any) reader.fail(ERROR_OVERRIDE_APPEND)
  if (overrides.any) return readUpdate(reader, name, overrides.append, overrides.replace, warnings)
  if (append) {
    const changes: { -readonly [K in keyof RuleChanges]: RuleChanges[K] } = {}
    if (reader.has('condition')) changes.condition = reader.mapped('condition')
    if (reader.has('exceptions')) changes.exceptions = readExceptions(reader, true, warnings)
    return { kind: 'rule update', name, append: changes, context }
  }
  if (['condition', 'output', 'desc', 'priority'].every(key => !reader.has(key))) {
    if (!reader.has('enabled')) reader.fail(`Item has no mapping for key 'enabled'${missingOverride(reader)}`)
    const enabled = reader.boolean('enabled')
    warnings.push(context.problem('LOAD_DEPRECATED_ITEM', WARNING_ENABLED))
    return { kind: 'rule enable', name, enabled, context }
  }
  return {
    kind: 'rule',
    name,
    condition: reader.mapped('condition'),
    output: reader.mapped('output').trim(),
    desc: reader.text('desc'),
    priority: readPriority(reader),
    source: reader.has('source') ? reader.text('source') : 'syscall',
    enabled: reader.booleanOr('enabled', true),
    warnEvttypes: reader.booleanOr('warn_evttypes', true),
    skipIfUnknownFilter: reader.booleanOr('skip-if-unknown-filter', false),
    capture: reader.booleanOr('capture', false),
    captureDuration: reader.has('capture_duration') ? reader.uint32('capture_duration') : 0,
    tags: readTags(reader),
    exceptions: readExceptions(reader, false, warnings),
    context,
  }
}

/** A hint for a rule that looks like a change to an existing one but has no `override`. */
function missingOverride(reader: MapReader): string {
  const keys = APPENDABLE.filter(key => reader.has(key))
  if (keys.length === 0) return ''
  return `: to change an existing rule, add 'override: {${keys.map(key => `${key}: append`).join(', ')}}'`
}

/** Reads the keys that `override` names. Other keys of a rule are not allowed. */
function readUpdate(
  reader: MapReader,
  name: string,
  append: ReadonlySet<string>,
  replace: ReadonlySet<string>,
  warnings: Problem[],
): Item {
  for (const [operation, keys] of [
    ['append', append],
    ['replace', replace],
  ] as const)
    for (const key of keys)
      if (!reader.has(key))
        reader.fail(`An ${operation} override for '${key}' was specified but '${key}' is not defined`)
  const item = {
    kind: 'rule update' as const,
    name,
    ...(append.size > 0 && { append: readChanges(reader, append, true, warnings) }),
    ...(replace.size > 0 && { replace: readChanges(reader, replace, false, warnings) }),
    context: reader.context,
  }
  for (const key of REPLACEABLE)
    if (reader.has(key) && !append.has(key) && !replace.has(key))
      throw new LoadFailure(
        reader.at(key, 'overrides'),
        'LOAD_ERR_YAML_VALIDATE',
        `Unexpected key '${key}': no corresponding entry under 'override' is defined.`,
      )
  return item
}

function readChanges(reader: MapReader, keys: ReadonlySet<string>, append: boolean, warnings: Problem[]): RuleChanges {
  const changes: { -readonly [K in keyof RuleChanges]: RuleChanges[K] } = {}
  if (keys.has('condition')) changes.condition = reader.mapped('condition')
  if (keys.has('exceptions')) changes.exceptions = readExceptions(reader, append, warnings)
  if (keys.has('output')) changes.output = reader.mapped('output').trim()
  if (keys.has('desc')) changes.desc = reader.text('desc')
  if (keys.has('tags')) changes.tags = readTags(reader)
  if (keys.has('priority')) changes.priority = readPriority(reader)
  if (keys.has('enabled')) changes.enabled = reader.boolean('enabled')
  if (keys.has('warn_evttypes')) changes.warnEvttypes = reader.boolean('warn_evttypes')
  if (keys.has('skip-if-unknown-filter')) changes.skipIfUnknownFilter = reader.boolean('skip-if-unknown-filter')
  if (keys.has('capture')) changes.capture = reader.boolean('capture')
  if (keys.has('capture_duration')) changes.captureDuration = reader.uint32('capture_duration')
  return changes
}

function readPriority(reader: MapReader): Priority {
  const text = reader.text('priority')
  const priority = parsePriority(text)
  if (priority) return priority
  const message = `Invalid priority '${text}', expected one of ${PRIORITIES.join(', ')}`
  throw new LoadFailure(reader.at('priority', 'rule priority', ''), 'LOAD_ERR_YAML_VALIDATE', message)
}

function readTags(reader: MapReader): string[] {
  return reader.has('tags') ? [...new Set(reader.texts('tags').map(tag => tag.text))].sort() : []
}
