import type { BodyReader, Slice } from '../parse.ts'

/** A body that waits to be evaluated. */
export interface QueuedBody {
  /** Its first events, already read, and a reader of the others. */
  readonly first: Slice
  readonly rest: BodyReader
  /** Reads it from the start, again. */
  readonly reread: () => BodyReader
  /** Memory that it takes, in bytes. */
  readonly weight: number
  readonly client: string
  /** Called once: true when all of its events have been evaluated, false when they never will be. */
  readonly settled: (evaluated: boolean) => void
}

/** A body in the queue. One that has to wait is kept as text alone: parsed, it would take many times the memory. */
interface Entry extends Pick<QueuedBody, 'weight' | 'client' | 'settled'> {
  readonly first: Slice | undefined
  readonly rest: BodyReader
}

/** Bodies on their way from the server to the iteration. Bounded: a body that does not fit is rejected, not dropped. */
export class BodyQueue {
  readonly #maxWeight: number
  readonly #bodies: Entry[] = []
  readonly #weights = new Map<string, number>()
  #weight = 0
  #current: Entry | undefined = undefined
  #waiting: (() => void) | undefined = undefined
  #closed = false

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight
  }

  /** Bodies that have not been evaluated to their end, and the memory that they take. */
  get waiting(): { readonly bodies: number; readonly bytes: number } {
    return { bodies: this.#bodies.length + (this.#current ? 1 : 0), bytes: this.#weight }
  }

  /** False: there is no room. An empty queue takes a body of any size; a client gets half of the room, so that others have the rest. */
  push(body: QueuedBody): boolean {
    const { client, weight, settled } = body
    if (this.#closed) return false
    const own = this.#weights.get(client) ?? 0
    if (this.#weight > 0 && this.#weight + weight > this.#maxWeight) return false
    if (own > 0 && own + weight > this.#maxWeight / 2) return false
    this.#weight += weight
    this.#weights.set(client, own + weight)
    const waits = this.#current !== undefined || this.#bodies.length > 0
    this.#bodies.push({ client, weight, settled, ...(waits ? { first: undefined, rest: body.reread() } : body) })
    this.#waiting?.()
    return true
  }

  /**
   * The next events, as soon as there are any; undefined when the queue is closed and empty. Asking for the next ones says
   * that the last ones have been evaluated.
   */
  async take(): Promise<Slice | undefined> {
    if (this.#current?.rest.done) this.#settle(this.#current, true)
    if (this.#current) return this.#current.rest.read()
    while (this.#bodies.length === 0) {
      if (this.#closed) return undefined
      await new Promise<void>(resolve => {
        this.#waiting = resolve
      })
      this.#waiting = undefined
    }
    this.#current = this.#bodies.shift()!
    return this.#current.first ?? this.#current.rest.read()
  }

  #settle(body: Entry, evaluated: boolean): void {
    this.#current = undefined
    this.#weight -= body.weight
    const own = this.#weights.get(body.client)! - body.weight
    if (own > 0) this.#weights.set(body.client, own)
    else this.#weights.delete(body.client)
    body.settled(evaluated)
  }

  /** No more bodies come; those that wait are still given out. */
  close(): void {
    this.#closed = true
    this.#waiting?.()
  }

  /** The iteration has ended. */
  abandon(): void {
    this.#closed = true
    if (this.#current) this.#settle(this.#current, false)
    for (const body of this.#bodies.splice(0)) this.#settle(body, false)
  }
}
