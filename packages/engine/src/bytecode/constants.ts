import type { Kind, Modifier, OperatorName } from '../condition/operators.ts'
import type { TransformerName } from '../condition/transformers.ts'
import { bytesAt, type ComparedOperator, equal, holds, indexOfBytes } from '../fields/compare.ts'
import type { Scalar, Value } from '../fields/field.ts'
import { Glob } from '../fields/glob.ts'
import { PathPrefixes } from '../fields/path-prefixes.ts'
import type { RegexEngine } from '../fields/regex.ts'
import { AddressSet, BytesSet, FoldedText, NumberSet, Prefixes } from '../fields/sets.ts'
import { APPLY, elements } from '../fields/transformers.ts'
import type { ConstantSort } from './opcodes.ts'

/** An element passes when `element op value` holds for one of the values. */
export interface TestConstant {
  readonly kind: 'test'
  readonly of: Kind
  readonly op: OperatorName
  readonly values: readonly Scalar[]
}

/** A constant as plain data, which can be saved. `prepare` turns it into what instructions use. */
export type Constant =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'bool'; readonly value: boolean }
  | TestConstant
  /** The modifier says how many of the tests must pass: each for some element, or with `negated` for no element. */
  | {
      readonly kind: 'count'
      readonly modifier: Modifier
      readonly negated: boolean
      readonly tests: readonly TestConstant[]
    }
  /** Compares two registers; with `list`, the elements of the left one are looked up in the right one. */
  | { readonly kind: 'comparison'; readonly of: Kind; readonly op: ComparedOperator; readonly list: boolean }
  | { readonly kind: 'registers'; readonly values: readonly number[] }
  | {
      readonly kind: 'transform'
      readonly name: TransformerName
      readonly registers: readonly number[]
      readonly option: string | undefined
    }

/** The sort of operand that each kind of constant can be. */
export const CONSTANT_SORTS: Readonly<Record<Constant['kind'], ConstantSort>> = {
  text: 'value',
  number: 'value',
  bool: 'value',
  test: 'test',
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
export interface Comparator {
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
  | Comparator
  | Application
  | readonly number[]

/**
 * @param regex compiles `regex`; undefined only in a program without that operator
 * @throws {Error} when a pattern is not valid (a program from a file may hold anything)
 */
export function prepare(constant: Constant, regex: RegexEngine | undefined): Prepared {
  switch (constant.kind) {
    case 'text':
    case 'number':
    case 'bool':
      return constant.value
    case 'registers':
      return constant.values
    case 'test':
      return testOf(constant, regex)
    case 'count':
      return new Count(
        constant.modifier,
        constant.negated,
        constant.tests.map(test => testOf(test, regex)),
      )
    case 'comparison':
      return new RegisterComparator(constant.of, constant.op, constant.list)
    case 'transform':
      return new TransformApplication(constant.name, constant.registers, constant.option)
  }
}

/** A set or pattern where the operator has one; otherwise values are compared one by one, by definition. */
function testOf({ of, op, values }: TestConstant, regex: RegexEngine | undefined): Test {
  switch (op) {
    case '=':
    case 'in':
    case 'intersects':
      return setOf(of, values)
    case 'pmatch':
      return new PathPrefixes(values as readonly string[])
    case 'startswith':
      if (of === 'text' && values.length > 1) return new Prefixes(values as readonly string[])
  }
  const tests = values.map(value => singleTest(of, op, value, regex))
  return tests.length === 1 ? tests[0]! : new AnyTest(tests)
}

function singleTest(of: Kind, op: OperatorName, value: Scalar, regex: RegexEngine | undefined): Test {
  switch (op) {
    case 'glob':
    case 'iglob':
      return new Glob(value as string, op === 'iglob')
    case 'regex':
      return new regex!(value as string)
    case 'icontains':
      return new FoldedText(value as string)
    case 'contains':
      return of === 'bytes'
        ? new FunctionTest(b => indexOfBytes(b, value as Uint8Array) >= 0)
        : new FunctionTest(t => t.includes(value))
    case 'startswith':
      return of === 'bytes'
        ? new FunctionTest(b => bytesAt(b, value as Uint8Array, 0))
        : new FunctionTest(t => t.startsWith(value))
    case 'endswith':
      return of === 'bytes'
        ? new FunctionTest(b => bytesAt(b, value as Uint8Array, b.length - (value as Uint8Array).length))
        : new FunctionTest(t => t.endsWith(value))
    default:
      return new FunctionTest(v => holds(op, of, v, value))
  }
}

class FunctionTest implements Test {
  readonly test: (value: any) => boolean
  constructor(test: (value: any) => boolean) {
    this.test = test
  }
}

class AnyTest implements Test {
  readonly #tests: readonly Test[]
  constructor(tests: readonly Test[]) {
    this.#tests = tests
  }
  test(value: unknown): boolean {
    for (const test of this.#tests) if (test.test(value)) return true
    return false
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
    case 'net':
      return new AddressSet(values as readonly (Uint8Array | string)[])
    default:
      return new ValueSet(values)
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

class RegisterComparator implements Comparator {
  readonly #kind: Kind
  readonly #op: ComparedOperator
  readonly #list: boolean
  constructor(kind: Kind, op: ComparedOperator, list: boolean) {
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
    return APPLY[this.#name](args, this.#option)
  }
}
