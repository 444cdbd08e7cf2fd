import type { PostedBody } from './posted.ts'

/** Bodies on their way from the server to the iteration. Bounded: a body that does not fit is rejected, not dropped. */
export class BodyQueue {
  readonly #maxWeight: number
  readonly #bodies: PostedBody[] = []
  readonly #inHand = new Set<PostedBody>()
  readonly #weights = new Map<string, number>()
  #weight = 0
  #waiting: (() => void) | undefined = undefined
  #closed = false

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight
  }

  /** Bodies that have not been evaluated to their end, and the memory that they take. */
  get waiting(): { readonly bodies: number; readonly bytes: number } {
    return { bodies: this.#bodies.length + this.#inHand.size, bytes: this.#weight }
  }

  /** False: there is no room. An empty queue takes a body of any size; a client gets half of the room, so that others have the rest. */
  push(body: PostedBody): boolean {
    const { client, weight } = body
    if (this.#closed) return false
    const own = this.#weights.get(client) ?? 0
    if (this.#weight > 0 && this.#weight + weight > this.#maxWeight) return false
    if (own > 0 && own + weight > this.#maxWeight / 2) return false
    this.#weight += weight
    this.#weights.set(client, own + weight)
    if (this.#inHand.size > 0 || this.#bodies.length > 0) body.wait()
    this.#bodies.push(body)
    this.#waiting?.()
    return true
  }

  /** The next body, as soon as there is one; undefined when the queue is closed and empty. It stays in the queue's room until it is settled. */
  async take(): Promise<PostedBody | undefined> {
    while (this.#bodies.length === 0) {
      if (this.#closed) return undefined
      await new Promise<void>(resolve => {
        this.#waiting = resolve
      })
      this.#waiting = undefined
    }
    const body = this.#bodies.shift()!
    this.#inHand.add(body)
    return body
  }

  settle(body: PostedBody, evaluated: boolean): void {
    if (!this.#inHand.delete(body)) return
    this.#weight -= body.weight
    const own = this.#weights.get(body.client)! - body.weight
    if (own > 0) this.#weights.set(body.client, own)
    else this.#weights.delete(body.client)
    body.settle(evaluated)
  }

  /** No more bodies come; those that wait are still given out. */
  close(): void {
    this.#closed = true
    this.#waiting?.()
  }

  /** The iteration has ended. */
  abandon(): void {
    this.#closed = true
    for (const body of this.#bodies.splice(0)) this.#inHand.add(body)
    for (const body of this.#inHand) this.settle(body, false)
  }
}
