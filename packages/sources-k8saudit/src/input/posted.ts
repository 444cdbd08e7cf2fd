import type { AuditEvent } from '../event.ts'
import { BodyReader, type ParseOptions, type Slice } from '../parse.ts'
import type { Found, Part } from '../piece.ts'
import type { AuditProblem } from '../problem.ts'
import { AuditSieve } from '../sieve/sieve.ts'
import { type AuditStats, addStats, countBody, countedEvents, type InputOptions } from '../stats.ts'

/** The number of slices that are searched for a first event, on which the answer depends. */
const LOOKED_AT = 4

/** What a body takes in memory beside its bytes. */
const BODY_WEIGHT = 1024

/** The events of a request. */
export class PostedBody {
  /** Whom it is from. */
  readonly client: string
  readonly part: Part | undefined
  /** Bytes of memory. */
  readonly weight: number
  /** What is wrong with it, when there is no event in it. It can be awaited once somebody reads it. */
  readonly flaw: Promise<AuditProblem | undefined>
  /** True when all events have been evaluated, false when they never will be. */
  readonly settled: Promise<boolean>
  readonly settle: (evaluated: boolean) => void
  readonly #know: (flaw: AuditProblem | undefined) => void
  readonly #reader: () => BodyReader
  #first: Slice | undefined
  #rest: BodyReader | undefined

  constructor(bytes: Buffer, client: string, { divided, sieve, maxEventSize }: InputOptions) {
    const options: ParseOptions = { strict: true, ...(maxEventSize !== undefined && { maxEventSize }) }
    const sieved = { ...options, sieve: () => AuditSieve.of(sieve?.()) }
    this.client = client
    this.part = divided ? { form: 'body', bytes } : undefined
    // Its text takes memory only while it is read: up to two bytes for each.
    this.#reader = () => new BodyReader(bytes.toString('utf8'), sieved)
    this.weight = bytes.length + BODY_WEIGHT
    ;({ promise: this.flaw, resolve: this.#know } = Promise.withResolvers())
    ;({ promise: this.settled, resolve: this.settle } = Promise.withResolvers())
  }

  /** Reads its beginning. @returns what is wrong with it, when there is no event in it */
  look(): AuditProblem | undefined {
    const rest = this.#reader()
    let first = rest.read()
    for (let i = 0; isEmpty(first) && !rest.done && i < LOOKED_AT; i++) {
      const next = rest.read()
      first = { ...next, problems: [...first.problems, ...next.problems] }
    }
    this.#first = first
    this.#rest = rest
    const flaw = isEmpty(first) && rest.done ? first.problems[0] : undefined
    this.#know(flaw)
    return flaw
  }

  /** There is no event in it, nor anything that is wrong. */
  get isEmpty(): boolean {
    return this.#first !== undefined && isEmpty(this.#first) && this.#rest!.done
  }

  /** It has to wait: parsed, it would take many times the memory of its text. */
  wait(): void {
    this.#first = undefined
    this.#rest = undefined
  }

  /** Its events, counted. */
  *read(stats: AuditStats, onProblem: InputOptions['onProblem']): Generator<AuditEvent[], void> {
    if (!this.#rest && this.look() && this.part) return
    const first = this.#first!
    countBody(stats, first)
    for (const problem of first.problems) onProblem?.(problem)
    yield first.events
    yield* countedEvents(this.#rest!, stats, onProblem)
  }

  /** It was read elsewhere. */
  join({ stats, problems }: Found, to: AuditStats, onProblem: InputOptions['onProblem']): void {
    const flaw = stats.events === 0 ? problems[0] : undefined
    this.#know(flaw)
    if (flaw) return
    addStats(to, { ...stats, bytes: 0 })
    for (const problem of problems) onProblem?.(problem)
  }
}

const isEmpty = ({ events, passedOver }: Slice): boolean => events.length + passedOver === 0
