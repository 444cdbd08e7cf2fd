import { bytesAt, compareTexts, equal, holds, indexOfBytes } from '../fields/compare.ts'
import type { Scalar, Value } from '../fields/field.ts'
import { Glob } from '../fields/glob.ts'
import type { Modifier, OperatorName } from '../fields/operators.ts'
import { PathPrefixes } from '../fields/path-prefixes.ts'
import { Regex } from '../fields/regex.ts'
import { AddressSet, BytesSet, FoldedText, NetworkSet, NumberSet, Prefixes } from '../fields/sets.ts'
import { elements, TRANSFORMERS, type TransformerName } from '../fields/transformers.ts'
import type { Kind } from '../fields/types.ts'
import type { ConstantSort } from './opcodes.ts'

/** A constant as a program stores it: data that can be written to a file. `prepare` makes of it what instructions use. */
export type Constant =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'bool'; readonly value: boolean }
  /** Equal to one of these values of a kind. */
  | { readonly kind: 'set'; readonly of: Kind; readonly values: readonly Scalar[] }
  /** `element op value` for one value. */
  | { readonly kind: 'than'; readonly of: Kind; readonly op: OperatorName; readonly value: Scalar }
  | { readonly kind: 'prefixes'; readonly values: readonly string[] }
  | { readonly kind: 'paths'; readonly values: readonly string[] }
  /** How many of these tests must pass: each for some element, or with `negated` for none. */
  | {
      readonly kind: 'count'
      readonly modifier: Modifier
      readonly negated: boolean
      readonly tests: readonly Constant[]
    }
  /** Two registers; with `list` each element of the left one is looked for in the right one. */
  | { readonly kind: 'comparison'; readonly of: Kind; readonly op: OperatorName; readonly list: boolean }
  | { readonly kind: 'registers'; readonly values: readonly number[] }
  | {
      readonly kind: 'transform'
      readonly name: TransformerName
      readonly registers: readonly number[]
      readonly option: string | undefined
    }

/** By kind of constant: which operands it can be. */
export const CONSTANT_SORTS: Readonly<Record<Constant['kind'], ConstantSort>> = {
  text: 'value',
  number: 'value',
  bool: 'value',
  set: 'test',
  than: 'test',
  prefixes: 'test',
  paths: 'test',
  count: 'count',
  comparison: 'comparison',
  registers: 'registers',
  transform: 'transform',
}

/** What `test`, `any` and `all` call. */
export interface Test {
  test(value: any): boolean
}
/** What `count` calls with a whole operand. */
export interface CountTest {
  holds(value: Value): boolean
}
/** What `compare` calls with two whole operands. */
export interface Comparison {
  compare(left: Value, right: Value): boolean
}
/** What `apply` calls with its operands. */
export interface Application {
  readonly registers: readonly number[]
  apply(args: readonly Value[]): Value | undefined
}
export type Prepared =
  | string
  | number
  | bigint
  | boolean
  | Test
  | CountTest
  | Comparison
  | Application
  | readonly number[]

/** @throws {Error} when a pattern is not valid (a program from a file may hold anything) */
export function prepare(constant: Constant): Prepared {
  switch (constant.kind) {
    case 'text':
    case 'number':
    case 'bool':
      return constant.value
    case 'registers':
      return constant.values
    case 'set':
      return setOf(constant.of, constant.values)
    case 'than':
      return thanTest(constant.of, constant.op, constant.value)
    case 'prefixes':
      return new Prefixes(constant.values)
    case 'paths':
      return new PathPrefixes(constant.values)
    case 'count':
      return new Count(
        constant.modifier,
        constant.negated,
        constant.tests.map(t => prepare(t) as Test),
      )
    case 'comparison':
      return new RegisterComparison(constant.of, constant.op, constant.list)
    case 'transform':
      return new TransformApplication(constant.name, constant.registers, constant.option)
  }
}

/** A set of texts or booleans. */
class ValueSet implements Test {
  readonly #values: ReadonlySet<unknown>
  constructor(values: readonly Scalar[]) {
    this.#values = new Set(values)
  }
  test(value: unknown): boolean {
    return this.#values.has(value)
  }
}

function setOf(kind: Kind, values: readonly Scalar[]): Test {
  switch (kind) {
    case 'number':
      return new NumberSet(values as readonly (number | bigint)[])
    case 'bytes':
      return new BytesSet(values as readonly Uint8Array[])
    case 'ip':
      return new AddressSet(values as readonly Uint8Array[])
    case 'net':
      return new NetworkSet(values as readonly string[])
    default:
      return new ValueSet(values)
  }
}

function thanTest(kind: Kind, op: OperatorName, value: Scalar): Test {
  switch (op) {
    case 'glob':
    case 'iglob':
      return new Glob(value as string, op === 'iglob')
    case 'regex':
      return new Regex(value as string)
    case 'icontains':
      return new FoldedText(value as string)
    case '=':
      return setOf(kind, [value])
    case 'contains':
      return kind === 'bytes'
        ? new BytesTest(b => indexOfBytes(b, value as Uint8Array) >= 0)
        : new TextTest(t => t.includes(value as string))
    case 'startswith':
      return kind === 'bytes'
        ? new BytesTest(b => bytesAt(b, value as Uint8Array, 0))
        : new TextTest(t => t.startsWith(value as string))
    case 'endswith':
      return kind === 'bytes'
        ? new BytesTest(b => bytesAt(b, value as Uint8Array, b.length - (value as Uint8Array).length))
        : new TextTest(t => t.endsWith(value as string))
    default:
      return new OrderTest(kind, op, value)
  }
}

class TextTest implements Test {
  readonly test: (text: string) => boolean
  constructor(test: (text: string) => boolean) {
    this.test = test
  }
}

class BytesTest implements Test {
  readonly test: (bytes: Uint8Array) => boolean
  constructor(test: (bytes: Uint8Array) => boolean) {
    this.test = test
  }
}

/** `<`, `<=`, `>`, `>=`. */
class OrderTest implements Test {
  readonly #kind: Kind
  readonly #op: OperatorName
  readonly #value: Scalar
  constructor(kind: Kind, op: OperatorName, value: Scalar) {
    this.#kind = kind
    this.#op = op
    this.#value = value
  }
  test(value: Scalar): boolean {
    if (this.#kind !== 'text') return holds(this.#op, this.#kind, value, this.#value)
    const order = compareTexts(value as string, this.#value as string)
    switch (this.#op) {
      case '<':
        return order < 0
      case '<=':
        return order <= 0
      case '>':
        return order > 0
      default:
        return order >= 0
    }
  }
}

class Count implements CountTest {
  readonly #modifier: Modifier
  readonly #negated: boolean
  readonly #tests: readonly Test[]
  constructor(modifier: Modifier, negated: boolean, tests: readonly Test[]) {
    this.#modifier = modifier
    this.#negated = negated
    this.#tests = tests
  }
  holds(value: Value): boolean {
    const own = elements(value)
    let passed = 0
    for (const test of this.#tests) {
      if (own.some(v => test.test(v)) !== this.#negated) passed++
      else if (this.#modifier === 'allof') return false
      if (passed > 0 && this.#modifier === 'anyof') return true
      if (passed > 1 && this.#modifier === 'oneof') return false
    }
    return this.#modifier === 'allof' ? passed > 0 : this.#modifier === 'oneof' && passed === 1
  }
}

class RegisterComparison implements Comparison {
  readonly #kind: Kind
  readonly #op: OperatorName
  readonly #list: boolean
  constructor(kind: Kind, op: OperatorName, list: boolean) {
    this.#kind = kind
    this.#op = op
    this.#list = list
  }
  compare(left: Value, right: Value): boolean {
    if (!this.#list) return holds(this.#op, this.#kind, left as Scalar, right as Scalar)
    const others = elements(right)
    const found = (v: Scalar) => others.some(other => equal(this.#kind, v, other))
    return this.#op === 'in' ? elements(left).every(found) : elements(left).some(found)
  }
}

class TransformApplication implements Application {
  readonly registers: readonly number[]
  readonly #name: TransformerName
  readonly #option: string | undefined
  constructor(name: TransformerName, registers: readonly number[], option: string | undefined) {
    this.registers = registers
    this.#name = name
    this.#option = option
  }
  apply(args: readonly Value[]): Value | undefined {
    return TRANSFORMERS[this.#name].apply(args, this.#option)
  }
}
