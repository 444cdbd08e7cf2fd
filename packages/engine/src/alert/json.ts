/** Values that can be printed as JSON; integers of any size as bigint. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [key: string]: Json }

/**
 * JSON without white space and with sorted keys, as Falco's JSON library prints it. Characters beyond ASCII are not escaped, lone
 * surrogates (bytes that are not UTF-8) become U+FFFD, and integers are exact.
 */
export function printJson(value: Json): string {
  switch (typeof value) {
    case 'string':
      return quoteJson(value)
    case 'number':
      return Number.isInteger(value) ? String(value) : printDouble(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'undefined':
      return 'null'
    default:
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map(printJson).join(',')}]`
      return printObject(value as Record<string, Json>)
  }
}

function printObject(object: Record<string, Json>): string {
  const keys = Object.keys(object).filter(key => object[key] !== undefined)
  return `{${keys
    .sort(byCodePoint)
    .map(key => `${quoteJson(key)}:${printJson(object[key])}`)
    .join(',')}}`
}

/** A JSON string with its quotes. */
export function quoteJson(text: string): string {
  return JSON.stringify(text.toWellFormed())
}

/** Text escaped as inside a JSON string, which is how Falco escapes a line of text output. */
export function escapeLine(text: string): string {
  return quoteJson(text).slice(1, -1)
}

/** The shortest decimal that reads back as the same number, always with a point or an exponent of at least two digits: `5.0`, `1e+22`. */
export function printDouble(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  const magnitude = Math.abs(value)
  if (magnitude !== 0 && (magnitude >= 1e15 || magnitude < 1e-4))
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  const text = Object.is(value, -0) ? '-0' : String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** The order of std::map and std::set over UTF-8 strings. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    // Surrogates encode characters above all other units.
    if (x !== y) return (isSurrogate(x) ? x + 0x10000 : x) - (isSurrogate(y) ? y + 0x10000 : y)
  }
  return a.length - b.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000
}
