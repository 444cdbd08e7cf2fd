/** The dimensions by which alerts are counted. */
import { type AlertData, compileOutput, PRIORITIES, type Source } from '@falc/engine'
import { fieldTable, outputKeys } from '@falc/engine/analysis'
import { namespaceOf } from './row.ts'

/** What the counts of minutes, hours and days are kept by. */
export const DIMENSIONS = ['rule', 'priority', 'source', 'host', 'namespace'] as const
export type Dimension = (typeof DIMENSIONS)[number]

const ALIASES: Readonly<Record<string, Dimension>> = {
  hostname: 'host',
  'alert.rule': 'rule',
  'alert.priority': 'priority',
  'alert.source': 'source',
  'alert.hostname': 'host',
  'evt.source': 'source',
  'evt.hostname': 'host',
}

export interface Grouping {
  readonly dimension?: Dimension
  /** SQL for the value; undefined: only `valuesOf` can compute it. */
  readonly sql?: string
  /** The text of what SQL returned; null: absent. */
  printed(value: unknown): string | null
  /** Its values in an alert: one, or several for tags; null: absent. */
  valuesOf(alert: AlertData): readonly (string | null)[]
}

/**
 * @param name `rule`, `priority`, `source`, `host`, `namespace`, `tags`, or any field of an alert
 * @throws {ConditionError} for an unknown name
 */
export function groupingOf(name: string, source: Source<AlertData>): Grouping {
  if (name === 'tags' || name === 'alert.tags') return TAGS
  const dimension = DIMENSIONS.find(one => one === name) ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined)
  if (dimension) return byDimension(dimension)
  const print = compileOutput(`%${name}`, source)
  return {
    ...fieldSql(name, source),
    printed,
    valuesOf: alert => {
      const text = print(alert)
      return [text === '<NA>' ? null : text]
    },
  }
}

/** Tags of one alert that are counted: rules have a dozen, and a sender may write any number. */
const MAX_TAGS = 100

const TAGS: Grouping = { printed, valuesOf: ({ tags }) => (tags.length === 0 ? [null] : tags.slice(0, MAX_TAGS)) }

function byDimension(dimension: Dimension): Grouping {
  return {
    dimension,
    sql: dimension,
    printed: value => (dimension === 'priority' ? PRIORITIES[value as number]! : (value as string | null) || null),
    valuesOf: alert => [columnOf(alert, dimension)],
  }
}

function columnOf({ rule, priority, source, hostname, output_fields }: AlertData, by: Dimension): string | null {
  if (by !== 'namespace') return { rule, priority, source, host: hostname }[by] || null
  return namespaceOf({ output_fields }) || null
}

function fieldSql(name: string, source: Source<AlertData>): Pick<Grouping, 'sql'> {
  const [, base, arg] = /^([\w.-]+)(?:\[([^\]]*)\])?$/.exec(name) ?? []
  const field = base === undefined ? undefined : fieldTable(source).lookup(base, arg)
  const [key, ...others] = (field && outputKeys(field)) ?? []
  // Fields with a special printed form are left to the engine.
  const odd = field?.print !== undefined || field?.list || field?.def.anyOf
  if (key === undefined || others.length > 0 || odd || !/^[\w.-]+$/.test(key)) return {}
  // As JSON, which has all digits of a number.
  return { sql: `body -> '$.output_fields."${key}"'` }
}

/** JSON as an output prints it. */
function printed(json: unknown): string | null {
  if (json === null || json === 'null') return null
  const text = json as string
  if (/^-?\d+$/.test(text)) return text
  const value: unknown = JSON.parse(text)
  return Array.isArray(value) ? `(${value.join(',')})` : String(value)
}
