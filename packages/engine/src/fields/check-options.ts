import { nearest } from '../text/did-you-mean.ts'

/** The type of an option: one of some values, a primitive type, an object with options, or a list of such objects. */
export type Expected =
  | { readonly oneOf: readonly string[] }
  | 'text'
  | 'boolean'
  | 'number'
  | 'function'
  | 'object'
  | 'list'
  | { readonly listOf: Expectations }
  | { readonly options: Expectations }

export type Expectations = Readonly<Record<string, Expected>>

/**
 * Checks options that were written by hand, or in JavaScript: a misspelt one would otherwise have no effect. An option that is
 * undefined counts as left out.
 * @param what how messages name the thing: `Engine`
 * @throws {TypeError} for an unknown option or value, with what is allowed
 */
export function checkOptions(what: string, options: unknown, expected: Expectations): void {
  const allowed = Object.keys(expected)
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`${what}: expected an object (${allowed.join(', ')}), got ${shown(options)}`)
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(expected, name)) throw new TypeError(`${what}: unknown option '${name}'${remedy(name, allowed)}`)
    if (value !== undefined) checkValue(`${what}: option '${name}'`, value, expected[name]!)
  }
}

function checkValue(what: string, value: unknown, expected: Expected): void {
  if (typeof expected === 'string') {
    if (!isOf(expected, value)) throw new TypeError(`${what}: expected ${NAMES[expected]}, got ${shown(value)}`)
  } else if ('oneOf' in expected) {
    if (typeof value === 'string' && expected.oneOf.includes(value)) return
    throw new TypeError(`${what}: unknown value ${shown(value)}${remedy(String(value), expected.oneOf)}`)
  } else if ('options' in expected) {
    checkOptions(what, value, expected.options)
  } else {
    if (!Array.isArray(value)) throw new TypeError(`${what}: expected a list, got ${shown(value)}`)
    for (const [i, item] of value.entries()) checkOptions(`${what}[${i}]`, item, expected.listOf)
  }
}

function remedy(word: string, allowed: readonly string[]): string {
  const guess = nearest(word, allowed)
  return `${guess === undefined ? '' : `, did you mean '${guess}'?`} (allowed: ${allowed.join(', ')})`
}

type Simple = Extract<Expected, string>

const NAMES: Readonly<Record<Simple, string>> = {
  text: 'a string',
  boolean: 'true or false',
  number: 'a number',
  function: 'a function',
  object: 'an object',
  list: 'a list',
}

function isOf(expected: Simple, value: unknown): boolean {
  switch (expected) {
    case 'text':
      return typeof value === 'string'
    case 'list':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return typeof value === expected
  }
}

/** A value in a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
