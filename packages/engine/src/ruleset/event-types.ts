import type { Check, Condition, Operand } from '../condition/ast.ts'
import { ConditionError } from '../condition/error.ts'
import { fieldsIn, isList } from '../condition/walk.ts'
import type { EventTypes } from '../fields/field.ts'
import type { Span } from '../text/span.ts'
import { TypeSet } from './type-set.ts'

/**
 * What event types say about a condition: those with which it can be true, and those with which it can be false. A type in only
 * one of the sets decides the condition.
 */
export interface Possible {
  readonly true: TypeSet
  readonly false: TypeSet
}

const NOWHERE: Span = { offset: 0, line: 1, column: 1, length: 0 }

/**
 * Which event types a closed condition can match (Falco's ppm_codes). Checks on the fields of `EventTypes` with `=`, `!=`, `in` and
 * `exists` decide by type. Some checks on `evt.num`, which starts at 1, have the same truth in all events (`evt.num = 0` is how rules write
 * "never"). Any other check can be true and false in any event. Negation, `and` and `or` combine these sets by three-valued logic, with the
 * same result as pushing `not` down to the checks.
 */
export class EventTypeAnalysis {
  readonly #types: EventTypes
  readonly #limit: number
  readonly #all: TypeSet
  readonly #none: TypeSet
  readonly #known = new WeakMap<Condition, Possible>()

  constructor(types: EventTypes) {
    this.#types = types
    this.#limit = Math.max(-1, ...types.all) + 1
    this.#all = TypeSet.of(types.all, this.#limit)
    this.#none = TypeSet.none(this.#limit)
  }

  /** One more than the highest event type. */
  get limit(): number {
    return this.#limit
  }

  /** The event types whose events can match. @throws {ConditionError} like `possible` */
  typesOf(condition: Condition): TypeSet {
    return this.possible(condition).true
  }

  /**
   * @throws {ConditionError} `value` for an event type that does not exist; `transformer` where an event type is
   *   transformed or compared with another field, which Falco refuses
   */
  possible(condition: Condition): Possible {
    const known = this.#known.get(condition)
    if (known) return known
    const possible = this.#compute(condition)
    this.#known.set(condition, possible)
    return possible
  }

  /** Does any check in the condition decide by type (or by being always or never true)? */
  decides(condition: Condition): boolean {
    const { true: yes, false: no } = this.possible(condition)
    return yes.words.some((word, i) => word !== no.words[i])
  }

  #compute(condition: Condition): Possible {
    switch (condition.kind) {
      case 'not': {
        const child = this.possible(condition.child)
        return { true: child.false, false: child.true }
      }
      case 'and':
      case 'or': {
        const children = condition.children.map(child => this.possible(child))
        const meet = (key: keyof Possible) => children.reduce((set, child) => set.and(child[key]), this.#all)
        const join = (key: keyof Possible) => children.reduce((set, child) => set.or(child[key]), this.#none)
        return condition.kind === 'and'
          ? { true: meet('true'), false: join('false') }
          : { true: join('true'), false: meet('false') }
      }
      case 'macro':
        return { true: this.#all, false: this.#all }
      case 'check':
        return this.#check(condition)
    }
  }

  #check(check: Check): Possible {
    const field = check.left.kind === 'field' && check.left.arg === undefined ? check.left.name : undefined
    if (check.op === 'exists') {
      this.#refuseTransformed(check)
      if (field !== undefined && this.#types.fields.includes(field)) return this.#exists(field)
    } else if (check.op === '=' || check.op === '==' || check.op === '!=' || check.op === 'in') {
      this.#refuseTransformed(check)
      if (field !== undefined && this.#types.fields.includes(field)) return this.#compare(check, field)
    }
    const fixed = field === 'evt.num' ? numberIsFixed(check) : undefined
    if (fixed === undefined) return { true: this.#all, false: this.#all }
    return fixed ? { true: this.#all, false: this.#none } : { true: this.#none, false: this.#all }
  }

  #exists(field: string): Possible {
    // A value that differs from event to event is always present.
    return this.#byType(type => this.#types.valueOf(field, type) !== null)
  }

  #compare(check: Check, field: string): Possible {
    const right = check.right === undefined ? [] : isList(check.right) ? check.right : [check.right]
    const values = new Set<string>()
    const matching = TypeSet.none(this.#limit)
    for (const operand of right) {
      if (operand.kind !== 'literal')
        throw new ConditionError(
          'transformer',
          `${field} cannot be compared with another field`,
          spanOf(check, operand),
          check.place,
        )
      const types = this.#types.typesOf(field, operand.text)
      if (types === undefined)
        throw new ConditionError('value', `unknown event type ${operand.text}`, spanOf(check, operand), check.place)
      values.add(operand.text)
      for (const type of types) matching.add(type)
    }
    const equal = (type: number): boolean | undefined => {
      if (!matching.has(type)) return false
      const value = this.#types.valueOf(field, type)
      return typeof value === 'string' && values.has(value) ? true : undefined
    }
    if (check.op !== '!=') return this.#byType(equal)
    return this.#byType(type => {
      if (this.#types.valueOf(field, type) === null) return false
      const same = equal(type)
      return same === undefined ? undefined : !same
    })
  }

  #byType(truth: (type: number) => boolean | undefined): Possible {
    const yes = TypeSet.none(this.#limit)
    const no = TypeSet.none(this.#limit)
    for (const type of this.#types.all) {
      const known = truth(type)
      if (known !== false) yes.add(type)
      if (known !== true) no.add(type)
    }
    return { true: yes, false: no }
  }

  #refuseTransformed(check: Check): void {
    if (check.left.kind !== 'transform') return
    const whole = fieldsIn(check.left).filter(({ arg }) => arg === undefined)
    const name = whole.find(field => this.#types.fields.includes(field.name))?.name
    if (name === undefined) return
    const message = `${name} cannot be compared after a transformer`
    throw new ConditionError('transformer', message, spanOf(check, check.left), check.place)
  }
}

function spanOf(check: Check, operand: Operand): Span {
  return operand.span ?? check.span ?? NOWHERE
}

/** The truth of a check on evt.num when it is the same for every number from 1; otherwise undefined. */
function numberIsFixed(check: Check): boolean | undefined {
  if (check.right === undefined) return undefined
  const texts: string[] = []
  for (const operand of isList(check.right) ? check.right : [check.right]) {
    // A negative number wraps to a large one, which evt.num may reach.
    if (operand.kind !== 'literal' || !/^[0-9]+$/.test(operand.text)) return undefined
    texts.push(operand.text)
  }
  const numbers = texts.map(Number)
  if (check.op === 'in' || check.op === 'intersects') return numbers.every(n => n === 0) ? false : undefined
  const n = numbers[0]!
  switch (check.op) {
    case '=':
    case '==':
      return n === 0 ? false : undefined
    case '!=':
      return n === 0 ? true : undefined
    case '<':
      return n <= 1 ? false : undefined
    case '<=':
      return n === 0 ? false : undefined
    case '>':
      return n === 0 ? true : undefined
    case '>=':
      return n <= 1 ? true : undefined
    default:
      return undefined
  }
}
