import type { Problem } from '../text/problem.ts'
import { LoadFailure } from './context.ts'
import { at, type MapReader } from './decode.ts'

export const WARNING_APPEND =
  "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead."
export const ERROR_OVERRIDE_APPEND =
  "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under 'override' instead."

export interface Overrides {
  readonly append: ReadonlySet<string>
  readonly replace: ReadonlySet<string>
  readonly any: boolean
}

/** Reads the deprecated `append` flag. */
export function readAppend(reader: MapReader, warnings: Problem[]): boolean {
  const append = reader.booleanOr('append', false)
  if (append) warnings.push(reader.context.problem('LOAD_DEPRECATED_ITEM', WARNING_APPEND))
  return append
}

/**
 * Reads `override`: which keys to append and which to replace.
 * @throws {LoadFailure} for a key or an operation that this kind of item does not allow
 */
export function readOverrides(
  reader: MapReader,
  appendable: readonly string[],
  replaceable: readonly string[],
  warnings: Problem[],
): Overrides {
  const append = new Set<string>()
  const replace = new Set<string>()
  const value = reader.entry('override')?.value
  if (value !== undefined && value.kind !== 'map')
    warnings.push(reader.at('override').problem('LOAD_UNKNOWN_KEY', "Key 'override' is not a mapping and is ignored"))
  if (value === undefined || value.kind !== 'map') return { append, replace, any: false }
  const overrides = at(reader.context, 'overrides', '', value)
  for (const { key, keyOffset, value: operation } of value.entries.values()) {
    const context = overrides.at('overrides', key, keyOffset, key.length)
    const fail = (message: string) => new LoadFailure(context, 'LOAD_ERR_YAML_VALIDATE', message)
    const word = operation.kind === 'scalar' ? operation.text : ''
    if (word === 'append') {
      if (!appendable.includes(key)) throw fail(`Key '${key}' cannot be appended to, use 'replace' instead`)
      append.add(key)
    } else if (word === 'replace') {
      if (!replaceable.includes(key)) throw fail(`Key '${key}' cannot be replaced`)
      replace.add(key)
    } else {
      const allowed = [
        ...(appendable.includes(key) ? ['append'] : []),
        ...(replaceable.includes(key) ? ['replace'] : []),
      ]
      throw new LoadFailure(
        at(overrides, 'value for', key, operation),
        'LOAD_ERR_YAML_VALIDATE',
        `Invalid override operation for key '${key}': '${word}'. Allowed values are: ${allowed.join(' ')}`,
      )
    }
  }
  return { append, replace, any: append.size > 0 || replace.size > 0 }
}
