import type { EventTypes, Scalar } from '@falc/engine'
import { type Formula, type Literal, typesOf } from './formula.ts'
import { type Demand, type Found, findValue, stillFits } from './value.ts'

/** An event that satisfies a formula, as the values of the operands that matter. */
export interface Witness {
  readonly values: ReadonlyMap<string, Exclude<Found, 'none'>>
}

/** A witness; `none`: no event makes the formula true; `unknown`: not decided within the limit. */
export type Answer = Witness | 'none' | 'unknown'

/** Most steps of one search. */
const MAX_STEPS = 20_000

class Exhausted extends Error {}

/**
 * Decides whether some event makes a formula true. Checks of one operand are decided together, by its possible values; checks on event
 * types by the existing types. Other relations between fields are unknown. So a witness may be an event that cannot occur, but `none` is
 * certain.
 */
export class Solver {
  readonly #types: EventTypes | undefined
  readonly #typeSets = new Map<Literal, ReadonlySet<number> | undefined>()
  readonly #subjects = new Map<string, Demands>()
  #steps = 0

  constructor(types: EventTypes | undefined) {
    this.#types = types
  }

  solve(formula: Formula, limit = MAX_STEPS): Answer {
    this.#steps = limit
    try {
      const assumed = new Assumptions(
        literal => this.#typesOf(literal),
        subject => this.#demands(subject),
      )
      return this.#search([formula], assumed) ? { values: assumed.values() } : 'none'
    } catch (error) {
      if (error instanceof Exhausted) return 'unknown'
      throw error
    }
  }

  /** True when certainly no event makes the formula true. */
  isImpossible(formula: Formula, limit?: number): boolean {
    return this.solve(formula, limit) === 'none'
  }

  /** Whether all goals can be true together; then what they need stays assumed. */
  #search(goals: readonly Formula[], assumed: Assumptions): boolean {
    if (--this.#steps < 0) throw new Exhausted()
    const mark = assumed.mark()
    if (this.#decide(goals, assumed)) return true
    assumed.undo(mark)
    return false
  }

  #decide(goals: readonly Formula[], assumed: Assumptions): boolean {
    let choices: (readonly Formula[])[] = []
    let open = [...goals]
    for (;;) {
      for (let goal = open.pop(); goal; goal = open.pop()) {
        if (goal.kind === 'const') {
          if (!goal.value) return false
        } else if (goal.kind === 'and') open.push(...goal.parts)
        else if (goal.kind === 'or') choices.push(goal.parts)
        else if (!assumed.add(goal)) return false
      }
      // What is decided is dropped; a single possibility that is left is taken at once.
      const waiting: (readonly Formula[])[] = []
      for (const parts of choices) {
        if (parts.some(part => part.kind === 'literal' && assumed.truth(part) === true)) continue
        const left = parts.filter(part => !this.#isRefuted(part, assumed))
        if (left.length === 0) return false
        if (left.length === 1) open.push(left[0]!)
        else waiting.push(left)
      }
      choices = waiting
      if (open.length === 0) break
      open = [...open]
    }
    if (choices.length === 0) return true
    const least = choices.reduce((best, parts) => (parts.length < best.length ? parts : best))
    const rest = choices.filter(parts => parts !== least).map((parts): Formula => ({ kind: 'or', parts }))
    return least.some(part => this.#search([part, ...rest], assumed))
  }

  #isRefuted(part: Formula, assumed: Assumptions): boolean {
    if (part.kind === 'const') return !part.value
    if (part.kind === 'literal') return !assumed.allows(part)
    return part.kind === 'and' && part.parts.some(inner => inner.kind === 'literal' && !assumed.allows(inner))
  }

  #demands(subject: string): Demands {
    let demands = this.#subjects.get(subject)
    if (!demands) this.#subjects.set(subject, (demands = new Demands([])))
    return demands
  }

  #typesOf(literal: Literal): ReadonlySet<number> | undefined {
    if (!this.#types) return undefined
    if (!this.#typeSets.has(literal)) this.#typeSets.set(literal, typesOf(literal, this.#types))
    return this.#typeSets.get(literal)
  }
}

/** What is demanded of one operand, and the value that satisfies it; with further demands it becomes another such object. */
class Demands {
  readonly #all: readonly Demand[]
  readonly #before: Demands | undefined
  readonly #next = new Map<Literal, Demands>()
  #found: Found | undefined

  constructor(all: readonly Demand[], before?: Demands) {
    this.#all = all
    this.#before = before
  }

  get found(): Found {
    return (this.#found ??= this.#find())
  }

  and(literal: Literal): Demands {
    let next = this.#next.get(literal)
    if (!next) {
      const demand = { clause: literal.atom.clause!, truth: literal.truth }
      this.#next.set(literal, (next = new Demands([...this.#all, demand], this)))
    }
    return next
  }

  #find(): Found {
    if (!this.#before) return 'absent'
    const before = this.#before.found
    return stillFits(before, this.#all.at(-1)!) ? before : findValue(this.#all)
  }
}

/** The literals that are assumed to be true, with a way back. */
class Assumptions {
  readonly #truths = new Map<string, boolean>()
  readonly #demands = new Map<string, Demands>()
  #types: ReadonlySet<number> | undefined
  readonly #undo: (() => void)[] = []
  readonly #typesOf: (literal: Literal) => ReadonlySet<number> | undefined
  readonly #empty: (subject: string) => Demands

  constructor(typesOf: (literal: Literal) => ReadonlySet<number> | undefined, empty: (subject: string) => Demands) {
    this.#typesOf = typesOf
    this.#empty = empty
  }

  /** Whether a literal is true; undefined = nothing is known of its atom. */
  truth({ atom, truth }: Literal): boolean | undefined {
    const known = this.#truths.get(atom.key)
    return known === undefined ? undefined : known === truth
  }

  /** Whether a literal can be true beside what is assumed. */
  allows(literal: Literal): boolean {
    const known = this.truth(literal)
    if (known !== undefined) return known
    const types = this.#typesOf(literal)
    if (types && !(this.#types ? overlap(types, this.#types) : types.size > 0)) return false
    return !literal.atom.clause || this.#with(literal, literal.atom.clause.left.key).found !== 'none'
  }

  /** Assumes a literal; false when it contradicts what is assumed. */
  add(literal: Literal): boolean {
    const known = this.truth(literal)
    if (known !== undefined) return known
    if (!this.allows(literal)) return false
    const { atom, truth } = literal
    this.#truths.set(atom.key, truth)
    const types = this.#types
    const subject = atom.clause?.left.key
    const demands = subject === undefined ? undefined : this.#demands.get(subject)
    if (subject !== undefined) this.#demands.set(subject, this.#with(literal, subject))
    const possible = this.#typesOf(literal)
    if (possible) this.#types = types ? new Set([...possible].filter(type => types.has(type))) : possible
    this.#undo.push(() => {
      this.#truths.delete(atom.key)
      this.#types = types
      if (demands) this.#demands.set(subject!, demands)
      else if (subject !== undefined) this.#demands.delete(subject)
    })
    return true
  }

  mark(): number {
    return this.#undo.length
  }

  undo(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()!()
  }

  values(): Map<string, Exclude<Found, 'none'>> {
    return new Map([...this.#demands].map(([subject, { found }]) => [subject, found as Exclude<Found, 'none'>]))
  }

  #with(literal: Literal, subject: string): Demands {
    return (this.#demands.get(subject) ?? this.#empty(subject)).and(literal)
  }
}

function overlap(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  for (const type of a) if (b.has(type)) return true
  return false
}

/** `proc.name=cat, fd.name absent`: a witness for people. Operands of which any value will do are left out. */
export function witnessText({ values }: Witness): string {
  const known = [...values].filter(([, found]) => found !== 'some')
  return known
    .map(([operand, found]) => (typeof found === 'object' ? `${operand}=${shown(found.value)}` : `${operand} absent`))
    .join(', ')
}

function shown(value: Scalar): string {
  return typeof value === 'string' ? (/^[\w./:-]+$/.test(value) ? value : JSON.stringify(value)) : String(value)
}
