import type { MappedText } from '../text/mapped.ts'
import type { ItemType } from '../text/problem.ts'
import { type Context, LoadFailure } from './context.ts'
import { mappedScalar, type YamlEntry, type YamlMap, type YamlNode, type YamlScalar, type YamlSeq } from './yaml.ts'

/** Text that would be a list in brackets. */
const LIST_ITEMS = /^[^\r\n[\]{}]{1,60}$/

/** Reads the keys of a mapping. Errors are LOAD_ERR_YAML_VALIDATE with Falco's messages. */
export class MapReader {
  readonly map: YamlMap
  readonly context: Context
  constructor(map: YamlMap, context: Context) {
    this.map = map
    this.context = context
  }

  has(key: string): boolean {
    return this.map.entries.has(key)
  }

  entry(key: string): YamlEntry | undefined {
    return this.map.entries.get(key)
  }

  /** The context of a key's value. */
  at(key: string, type: ItemType = 'value for', name = key): Context {
    const value = this.entry(key)?.value
    return value === undefined ? this.context : at(this.context, type, name, value)
  }

  /** The scalar of a key that is required and must not be empty. */
  scalar(key: string): YamlScalar {
    const value = this.value(key)
    if (value.kind === 'scalar' && value.isNull) this.fail(`Mapping for key '${key}' is empty`)
    if (value.kind !== 'scalar')
      this.failAt(
        key,
        `Value is not a scalar value: write one text, not a ${value.kind === 'seq' ? 'list' : 'mapping'}`,
      )
    if (value.text === '') this.failAt(key, 'Value must be non-empty')
    return value
  }

  text(key: string): string {
    return this.scalar(key).text
  }

  mapped(key: string): MappedText {
    return mappedScalar(this.scalar(key), this.context.source)
  }

  boolean(key: string): boolean {
    return parseBoolean(this.text(key)) ?? this.failAt(key, "Can't decode YAML scalar value")
  }

  booleanOr(key: string, otherwise: boolean): boolean {
    return this.has(key) ? this.boolean(key) : otherwise
  }

  /** An unsigned 32-bit integer. */
  uint32(key: string): number {
    return parseUint32(this.text(key)) ?? this.failAt(key, "Can't decode YAML scalar value")
  }

  /** The scalars of a key's sequence. */
  texts(key: string): MappedText[] {
    const value = this.value(key)
    const context = this.at(key)
    if (value.kind !== 'seq') {
      const remedy = value.kind === 'scalar' && LIST_ITEMS.test(value.text) ? `: write [${value.text}]` : ''
      throw new LoadFailure(context, 'LOAD_ERR_YAML_VALIDATE', `Value is not a sequence${remedy}`)
    }
    return value.items.map(item => {
      if (item.kind !== 'scalar' || item.isNull)
        throw new LoadFailure(
          at(context, 'list item', '', item),
          'LOAD_ERR_YAML_VALIDATE',
          'sequence value is not scalar',
        )
      return mappedScalar(item, this.context.source)
    })
  }

  sequence(key: string, type: ItemType, otherwise: string): { seq: YamlSeq; context: Context } {
    const context = this.at(key, type, '')
    const value = this.value(key)
    if (value.kind !== 'seq') throw new LoadFailure(context, 'LOAD_ERR_YAML_VALIDATE', otherwise)
    return { seq: value, context }
  }

  value(key: string): YamlNode {
    return this.entry(key)?.value ?? this.fail(`Item has no mapping for key '${key}'`)
  }

  fail(message: string): never {
    throw new LoadFailure(this.context, 'LOAD_ERR_YAML_VALIDATE', message)
  }

  failAt(key: string, message: string): never {
    throw new LoadFailure(this.at(key), 'LOAD_ERR_YAML_VALIDATE', message)
  }
}

/** The context of a node. */
export function at(context: Context, type: ItemType, name: string, node: YamlNode): Context {
  // For a collection, the snippet marks only its start.
  return context.at(type, name, node.offset, node.length, node.kind === 'scalar' ? node.length : 0)
}

const TRUE: ReadonlySet<string> = new Set(['y', 'yes', 'true', 'on'])
const FALSE: ReadonlySet<string> = new Set(['n', 'no', 'false', 'off'])

/** The booleans of YAML 1.1 in lower case, upper case or capitalized, as yaml-cpp accepts them. */
export function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase() && text.slice(1) !== lower.slice(1)) return undefined
  return TRUE.has(lower) ? true : FALSE.has(lower) ? false : undefined
}

/** A decimal, octal (0…) or hexadecimal (0x…) number below 2^32. */
export function parseUint32(text: string): number | undefined {
  const value = /^\+?(?:0|[1-9]\d*)$/.test(text)
    ? Number(text)
    : /^0[xX][0-9a-fA-F]+$/.test(text)
      ? Number(text)
      : /^0[0-7]+$/.test(text)
        ? Number.parseInt(text, 8)
        : Number.NaN
  return value < 2 ** 32 ? value : undefined
}
