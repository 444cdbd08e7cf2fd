import type { Kind, OperatorName } from '../condition/operators.ts'
import { textToBytes } from '../text/encoding.ts'
import { equalBytes, inNetwork, parseNetwork } from './address.ts'
import type { Scalar } from './field.ts'
import { Glob, lowerAscii } from './glob.ts'
import { pathParts } from './path-prefixes.ts'

/** Every operator but `regex`, which needs the engine of fields/regex.ts. */
export type ComparedOperator = Exclude<OperatorName, 'regex'>

/**
 * `a op b` for two present scalars of one kind, by definition: the compiled forms must agree with it. A network is given as its
 * text, an address as its bytes.
 */
export function holds(op: ComparedOperator, kind: Kind, a: Scalar, b: Scalar): boolean {
  switch (op) {
    case 'exists':
      return true
    case '=':
    case 'in':
    case 'intersects':
      return equal(kind, a, b)
    case '!=':
      return !equal(kind, a, b)
    case '<':
      return order(kind, a, b) < 0
    case '<=':
      return order(kind, a, b) <= 0
    case '>':
      return order(kind, a, b) > 0
    case '>=':
      return order(kind, a, b) >= 0
    case 'contains':
    case 'bcontains':
      return kind === 'bytes'
        ? indexOfBytes(a as Uint8Array, b as Uint8Array) >= 0
        : (a as string).includes(b as string)
    case 'icontains':
      return lowerAscii(a as string).includes(lowerAscii(b as string))
    case 'startswith':
    case 'bstartswith':
      return kind === 'bytes' ? bytesAt(a as Uint8Array, b as Uint8Array, 0) : (a as string).startsWith(b as string)
    case 'endswith':
      return kind === 'bytes'
        ? bytesAt(a as Uint8Array, b as Uint8Array, (a as Uint8Array).length - (b as Uint8Array).length)
        : (a as string).endsWith(b as string)
    case 'glob':
      return new Glob(b as string).test(a as string)
    case 'iglob':
      return new Glob(b as string, true).test(a as string)
    case 'pmatch': {
      const path = pathParts(a as string)
      return pathParts(b as string).every((part, i) => i < path.length && new Glob(part).test(path[i]!))
    }
    default:
      throw new Error(op satisfies never)
  }
}

/** Whether two values of one kind are equal. Numbers and bigints compare by value. */
export function equal(kind: Kind, a: Scalar, b: Scalar): boolean {
  switch (kind) {
    case 'bytes':
      return equalBytes(a as Uint8Array, b as Uint8Array)
    case 'ip':
    case 'net':
      return typeof b === 'string'
        ? inNetwork(a as Uint8Array, parseNetwork(b))
        : equalBytes(a as Uint8Array, b as Uint8Array)
    case 'number':
      // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of one value are equal
      return a == b
    default:
      return a === b
  }
}

function order(kind: Kind, a: Scalar, b: Scalar): number {
  if (kind === 'text') return compareTexts(a as string, b as string)
  return a < b ? -1 : a > b ? 1 : 0
}

/** Orders texts by their UTF-8 bytes, as strcmp does. The order of UTF-16 differs for characters beyond U+FFFF. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) === b.charCodeAt(i)) continue
    const x = textToBytes(a.slice(i > 0 ? i - 1 : 0))
    const y = textToBytes(b.slice(i > 0 ? i - 1 : 0))
    const end = Math.min(x.length, y.length)
    for (let k = 0; k < end; k++) if (x[k] !== y[k]) return x[k]! - y[k]!
    return x.length - y.length
  }
  return a.length - b.length
}

export function bytesAt(bytes: Uint8Array, part: Uint8Array, at: number): boolean {
  if (at < 0 || at + part.length > bytes.length) return false
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false
  return true
}

export function indexOfBytes(bytes: Uint8Array, part: Uint8Array): number {
  if (part.length === 0) return 0
  for (let i = bytes.indexOf(part[0]!); i >= 0; i = bytes.indexOf(part[0]!, i + 1))
    if (bytesAt(bytes, part, i)) return i
  return -1
}
