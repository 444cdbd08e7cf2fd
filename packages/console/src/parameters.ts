/** The query parameters of routes, in one table: parsing, messages and the OpenAPI document derive from it. */
import { type AlertData, ConditionError, parseCondition, type Source } from '@falc/engine'
import { walk } from '@falc/engine/analysis'
import { type Grouping, groupingOf, planCondition, type Query, STATES, type State } from '@falc/store'
import { badRequest, Refused } from './failure.ts'

export interface Parameter {
  readonly type: 'string' | 'integer'
  readonly doc: string
  readonly example?: string
}

export const SELECTING = {
  filter: { type: 'string', doc: 'A condition of the rule language over alerts', example: 'alert.priority >= Error' },
  q: { type: 'string', doc: 'Words that all occur in rule or message; sha* is a beginning', example: 'shadow' },
  since: { type: 'string', doc: 'Only alerts from this time on: ISO 8601', example: '2026-11-24T10:00:00Z' },
  until: { type: 'string', doc: 'Only alerts before this time' },
} as const satisfies Record<string, Parameter>

/** What a list shows. */
export const SHOWN = {
  ...SELECTING,
  state: { type: 'string', doc: 'Only alerts that are one of these', example: 'open,acknowledged' },
  assignee: { type: 'string', doc: 'Only those that are assigned to someone' },
  silenced: { type: 'string', doc: '`no`: without those that a silence covers. `only`: only those' },
} as const satisfies Record<string, Parameter>

export type Parameters = Readonly<Record<string, Parameter>>

/** Longer ones are refused. */
const MAX_LENGTH = 4096

/** @throws {Refused} for parameters that there are not, and for what they cannot be */
export function checkParameters(given: URLSearchParams, known: Parameters): void {
  for (const [name, value] of given) {
    if (!Object.hasOwn(known, name))
      throw badRequest(`there is no parameter ${name.slice(0, 40)}: ${Object.keys(known).join(', ') || 'none'}`)
    if (value.length > MAX_LENGTH) throw badRequest(`${name} is longer than ${MAX_LENGTH} characters`)
  }
}

/** @throws {Refused} */
export function queryOf(given: URLSearchParams, source: Source<AlertData>): Query {
  const filter = given.get('filter') ?? ''
  return {
    condition: filter.trim() === '' ? undefined : aboutFilter(() => planCondition(affordable(filter), source)),
    words: given.get('q') || undefined,
    since: timeOf('since', given),
    until: timeOf('until', given),
    states: statesOf(given),
    assignee: given.get('assignee') || undefined,
  }
}

/** @throws {Refused} */
function statesOf(given: URLSearchParams): State[] | undefined {
  const list = given.get('state')
  if (list === null || list === '') return undefined
  return list.split(',').map(name => {
    const state = STATES.find(one => one === name)
    if (state === undefined) throw badRequest(`state is ${STATES.join(', ')}, not "${name.slice(0, 40)}"`)
    return state
  })
}

/** A comma-separated list of fields to group by. @throws {Refused} */
export function groupingsOf(
  parameter: string,
  given: URLSearchParams,
  source: Source<AlertData>,
  most: number,
  otherwise = '',
): [name: string, by: Grouping][] {
  // Commas in brackets belong to an argument.
  const names = (given.get(parameter) || otherwise).split(/,(?![^[]*\])/).map(name => name.trim())
  const unique = [...new Set(names)].filter(name => name !== '')
  if (unique.length === 0 || unique.length > most) throw badRequest(`${parameter} is a list of 1 to ${most} fields`)
  return unique.map(name => [name, aboutFilter(() => groupingOf(name, source))])
}

/** @throws {Refused} */
export function byOf(given: URLSearchParams, source: Source<AlertData>): Grouping | undefined {
  const by = given.get('by')
  return by === null || by === '' ? undefined : aboutFilter(() => groupingOf(by, source))
}

/** Each takes a second for an alert of a megabyte, in which no other request is answered. */
const MAX_PATTERNS = 8

/** A condition as written. @throws {ConditionError} when it is malformed, {Refused} with too many regular expressions */
export function affordable(condition: string): string {
  let patterns = 0
  walk(parseCondition(condition), node => {
    if (node.kind === 'check' && node.op.startsWith('regex')) patterns += [node.right].flat().length
  })
  if (patterns > MAX_PATTERNS) throw badRequest(`a condition has at most ${MAX_PATTERNS} regular expressions here`)
  return condition
}

/** @throws {Refused} for a malformed condition */
export function aboutFilter<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    const { line, column } = error.span
    throw new Refused(400, 'condition', `${line}:${column}: ${error.message}`)
  }
}

const MS = 1_000_000n

/** @returns nanoseconds since 1970 @throws {Refused} */
export function timeOf(name: string, given: URLSearchParams): bigint | undefined {
  const text = given.get(name)
  return text === null || text === '' ? undefined : timeIn(text, name)
}

/** @returns nanoseconds since 1970 @throws {Refused} */
export function timeIn(text: string, name: string): bigint {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw badRequest(`${name} is a time in ISO 8601, not "${text.slice(0, 40)}"`)
  return BigInt(ms) * MS
}

/** @throws {Refused} */
export function integerOf(name: string, given: URLSearchParams, otherwise: number, max: number): number {
  const text = given.get(name)
  if (text === null || text === '') return otherwise
  const value = Number(text)
  if (!/^\d{1,15}$/.test(text) || value < 1 || value > max)
    throw badRequest(`${name} is a number from 1 to ${max}, not "${text.slice(0, 40)}"`)
  return value
}
