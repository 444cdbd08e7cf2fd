/** The SQL expression for a field of `alerts()`. */
import type { Clause } from '@falc/engine/analysis'
import { outputKeys, TYPES } from '@falc/engine/analysis'

/** The left side of a check in SQL. */
export interface Operand {
  /** Names under which the index has the values. */
  readonly names: readonly string[]
  /** The value. */
  readonly value: string
  /** Its type as `json_type` says it; NULL: absent. */
  readonly type: string
  readonly kind: 'text' | 'number' | 'bool' | 'ip' | 'time' | 'priority'
  /** Several values, of which any may match, in one text or list. */
  readonly several: boolean
  /** It is of its kind whenever it is there: no JSON of others. */
  readonly column: boolean
}

type Column = Pick<Operand, 'value' | 'kind'>

const COLUMNS: Readonly<Record<string, Column>> = {
  'alert.rule': { value: 'rule', kind: 'text' },
  'alert.source': { value: 'source', kind: 'text' },
  'evt.source': { value: 'source', kind: 'text' },
  'alert.hostname': { value: 'host', kind: 'text' },
  'evt.hostname': { value: 'host', kind: 'text' },
  'alert.output': { value: "body ->> '$.output'", kind: 'text' },
  'alert.priority': { value: 'priority', kind: 'priority' },
  'alert.time': { value: '+time', kind: 'time' },
  'alert.count': { value: "coalesce(body ->> '$.count', 1)", kind: 'number' },
}

/** The names under which the index has what is in columns. */
const INDEXED: Readonly<Record<string, string>> = {
  'alert.rule': 'alert.rule',
  'alert.source': 'alert.source',
  'evt.source': 'alert.source',
  'alert.hostname': 'alert.hostname',
  'evt.hostname': 'alert.hostname',
  'alert.priority': 'alert.priority',
}

/** @returns undefined for what SQL cannot read: transformed values, lists, fields that are computed */
export function operandOf({ left }: Clause): Operand | undefined {
  if (left.kind !== 'field' || left.list) return undefined
  const { field } = left
  const column = field.argText === undefined ? COLUMNS[field.name] : undefined
  // A source may declare a field of such a name: it is an output field then.
  const keys = outputKeys(field)
  if (column && keys === undefined) {
    const name = INDEXED[field.name]
    return {
      ...column,
      type: `iif(${column.value} IS NULL, NULL, 'text')`,
      names: name ? [name] : [],
      several: false,
      column: true,
    }
  }
  if (keys === undefined || !keys.every(isPlain)) return undefined
  const { kind } = TYPES[left.type]
  const known = kind === 'text' || kind === 'bool' || kind === 'ip' ? kind : kind === 'net' ? 'ip' : undefined
  const decimal = kind === 'number' && field.print !== 'hex' && field.print !== 'oct' ? 'number' : known
  if (decimal === undefined) return undefined
  const [value, type] = ['json_extract', 'json_type'].map(read => firstOf(read, keys)) as [string, string]
  return { value, type, kind: decimal, names: keys, several: left.anyOf, column: false }
}

/** Names that a path of SQLite can hold between quotes. */
const isPlain = (key: string) => /^[\w.[\]\-/:@ *]+$/.test(key)

function firstOf(read: string, keys: readonly string[]): string {
  const [first, second] = keys.map(key => `${read}(body, '$.output_fields."${key}"')`)
  if (second === undefined) return first!
  return `iif(json_type(body, '$.output_fields."${keys[0]}"') IS NULL, ${second}, ${first})`
}
