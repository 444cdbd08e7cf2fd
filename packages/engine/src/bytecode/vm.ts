import { extract } from '../fields/extract.ts'
import { ExtractErrors } from '../fields/failures.ts'
import type { MemoHolder, Value } from '../fields/field.ts'
import { elements } from '../fields/transformers.ts'
import { type Application, type Comparator, type CountTest, prepare, type Test } from './constants.ts'
import type { Evaluator } from './evaluator.ts'
import { MAX_NOW } from './memo.ts'
import { callDepth, type Program } from './program.ts'

/** Runs a program by interpreting its instructions. */
export class Vm implements Evaluator {
  readonly backend = 'vm'
  readonly #errors: ExtractErrors
  readonly #program: Program
  readonly #constants: readonly any[]
  readonly #values: (Value | undefined)[]
  /** Per register: the event in which it was filled. */
  readonly #filled: Int32Array
  /** Per node: twice the number of the event in which it became known, plus its truth. */
  readonly #nodes: Int32Array
  readonly #stack: Int32Array
  /** Per scope: the truths of this event's object. */
  readonly #truths: number[][]
  /** Per scope: the event for which #truths is valid. */
  readonly #truthsOf: Int32Array
  /** Per scope: used where no object keeps a memo. */
  readonly #scratch: number[][]
  #event: unknown = undefined
  /** Number of the event. What was filled in an earlier one is stale, so nothing needs to be cleared. */
  #now = 0

  constructor(program: Program, errors: ExtractErrors = new ExtractErrors()) {
    this.#errors = errors
    this.#program = program
    this.#constants = program.constants.map(constant => prepare(constant, program.regex))
    this.#values = program.registers.map(() => undefined)
    this.#filled = new Int32Array(program.registers.length)
    this.#nodes = new Int32Array(program.nodeCount)
    this.#stack = new Int32Array(callDepth(program.code) + 1)
    this.#truths = program.scopes.map(() => EMPTY)
    this.#truthsOf = new Int32Array(program.scopes.length)
    this.#scratch = program.scopes.map(() => EMPTY)
  }

  begin(event: unknown): void {
    this.#event = event
    if (++this.#now > MAX_NOW) this.#restart()
  }

  test(root: number): boolean {
    return this.#run(this.#program.roots[root]!)
  }

  /** Starts counting events again, with everything unknown. */
  #restart(): void {
    this.#now = 1
    this.#filled.fill(0)
    this.#nodes.fill(0)
    this.#truthsOf.fill(0)
  }

  /**
   * The machine of opcodes.ts. Labels are the numbers of `Op` written out: V8 compiles a switch over literals to a jump table,
   * and one over properties of an imported object to a chain of comparisons, which is 2 to 30 times slower.
   */
  #run(pc: number): boolean {
    const code = this.#program.code
    const constants = this.#constants
    const values = this.#values
    const filled = this.#filled
    const nodes = this.#nodes
    const stack = this.#stack
    const now = this.#now
    let sp = 0
    let t = false
    for (;;) {
      const a = code[pc + 1]!
      switch (code[pc]) {
        case 0: // ret
          if (sp === 0) return t
          pc = stack[--sp]!
          continue
        case 1: // const
          t = a !== 0
          break
        case 2: // not
          t = !t
          break
        case 3: // jt
          if (t) {
            pc = a
            continue
          }
          break
        case 4: // jf
          if (!t) {
            pc = a
            continue
          }
          break
        case 5: {
          // node
          const known = nodes[a]!
          if (known >> 1 !== now) {
            stack[sp++] = pc + 4
            pc = code[pc + 2]!
            continue
          }
          t = (known & 1) === 1
          break
        }
        case 6: // save
          nodes[a] = (now << 1) | (t ? 1 : 0)
          break
        case 7: {
          // memo
          const truths = this.#truthsOf[a] === now ? this.#truths[a]! : this.#truthsIn(a)
          const slot = code[pc + 2]!
          const known = (truths[slot >> 3]! >> ((slot & 7) << 1)) & 3
          if (known === 0) {
            stack[sp++] = pc + 4
            pc = code[pc + 3]!
            continue
          }
          t = known === 2
          break
        }
        case 8: {
          // keep
          const slot = code[pc + 2]!
          this.#truths[a]![slot >> 3]! |= (t ? 2 : 1) << ((slot & 7) << 1)
          break
        }
        case 9: // field
          if (filled[a] !== now) {
            filled[a] = now
            values[a] = extract(this.#program.registers[a]!, this.#event, this.#errors)
          }
          break
        case 10: // load
          values[a] = constants[code[pc + 2]!]
          break
        case 11: // tuple
          if (filled[a] !== now) {
            filled[a] = now
            values[a] = tupleOf(read(constants[code[pc + 2]!], values))
          }
          break
        case 12: // apply
          if (filled[a] !== now) {
            filled[a] = now
            values[a] = applied(constants[code[pc + 2]!], read(constants[code[pc + 2]!].registers, values))
          }
          break
        case 13: // exists
          t = values[a] !== undefined
          break
        case 14: // eq
          t = values[a] === constants[code[pc + 2]!]
          break
        case 15: // eqn
          // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of one value are equal
          t = values[a] == constants[code[pc + 2]!]
          break
        case 16: // lt
          t = (values[a] as number) < constants[code[pc + 2]!]
          break
        case 17: // le
          t = (values[a] as number) <= constants[code[pc + 2]!]
          break
        case 18: // gt
          t = (values[a] as number) > constants[code[pc + 2]!]
          break
        case 19: // ge
          t = (values[a] as number) >= constants[code[pc + 2]!]
          break
        case 20: {
          // prefix
          const v = values[a] as string | undefined
          t = v?.startsWith(constants[code[pc + 2]!]) ?? false
          break
        }
        case 21: {
          // suffix
          const v = values[a] as string | undefined
          t = v?.endsWith(constants[code[pc + 2]!]) ?? false
          break
        }
        case 22: {
          // contains
          const v = values[a] as string | undefined
          t = v?.includes(constants[code[pc + 2]!]) ?? false
          break
        }
        case 23: {
          // test
          const v = values[a]
          t = v !== undefined && (constants[code[pc + 2]!] as Test).test(v)
          break
        }
        case 24: // any
          t = someElement(values[a], constants[code[pc + 2]!])
          break
        case 25: // all
          t = everyElement(values[a], constants[code[pc + 2]!])
          break
        case 26: {
          // count
          const v = values[a]
          t = v !== undefined && (constants[code[pc + 2]!] as CountTest).holds(v)
          break
        }
        case 27: {
          // compare
          const v = values[a]
          const w = values[code[pc + 2]!]
          t = v !== undefined && w !== undefined && (constants[code[pc + 3]!] as Comparator).compare(v, w)
          break
        }
        case 28: // differs
          t = !t && values[a] !== undefined
          break
      }
      pc += 4
    }
  }

  /** The truths kept on this event's object of a scope. */
  #truthsIn(scope: number): number[] {
    this.#truthsOf[scope] = this.#now
    const truths = truthsOf(this.#program, scope, this.#event, this.#errors)
    return (this.#truths[scope] =
      truths ?? (this.#scratch[scope] = cleared(this.#program, scope, this.#scratch[scope]!)))
  }
}

const EMPTY: number[] = []

/**
 * The truths kept on the event's object of a scope; undefined when there is no object or it keeps no memo. A source's function
 * that throws is reported under the scope's name and counts as no object.
 */
export function truthsOf(program: Program, scope: number, event: unknown, errors: ExtractErrors): number[] | undefined {
  const { holder, name } = program.scopes[scope]!
  let object: MemoHolder | null | undefined
  try {
    object = holder(event)
  } catch (error) {
    errors.add(name, error, event)
  }
  if (object === undefined || object === null) return undefined
  return program.layout.memoWithin(object, name)?.truths
}

/** Truths that are all unknown, for events whose object keeps no memo. */
export function cleared(program: Program, scope: number, scratch: number[]): number[] {
  const { name } = program.scopes[scope]!
  const size = program.layout.size(name)
  return scratch.length << 3 >= size && size > 0 ? scratch.fill(0) : program.layout.unknownTruths(name)
}

/** The values of some registers. */
function read(registers: readonly number[], values: readonly (Value | undefined)[]): (Value | undefined)[] {
  return registers.map(register => values[register])
}

/** The values as one flat list; absent when one of them is. */
export function tupleOf(values: readonly (Value | undefined)[]): Value | undefined {
  return allPresent(values) ? values.flatMap(elements) : undefined
}

/** A transformer's result; absent when one of its arguments is. */
export function applied(application: Application, args: readonly (Value | undefined)[]): Value | undefined {
  return allPresent(args) ? application.apply(args) : undefined
}

function allPresent(values: readonly (Value | undefined)[]): values is readonly Value[] {
  for (const value of values) if (value === undefined) return false
  return true
}

export function someElement(value: Value | undefined, test: Test): boolean {
  if (value === undefined) return false
  if (!Array.isArray(value)) return test.test(value)
  for (let i = 0; i < value.length; i++) if (test.test(value[i])) return true
  return false
}

export function everyElement(value: Value | undefined, test: Test): boolean {
  if (value === undefined) return false
  if (!Array.isArray(value)) return test.test(value)
  for (let i = 0; i < value.length; i++) if (!test.test(value[i])) return false
  return true
}
