/** An output whose answers the test gives, and helpers to push alerts to it. */
import type { Answer, Delivery, Failure, FailureClass, Item, Output } from '../src/index.ts'
import { line } from './lines.ts'

/** An output in which each send waits for the test to answer. */
export class Gate implements Output {
  readonly name = 'gate'
  readonly batch: { readonly items: number }
  readonly sent: string[][] = []
  forced: boolean | undefined
  #waiting: { resolve: (answer: Answer) => void; count: number } | null = null
  constructor(items = 2) {
    this.batch = { items }
  }
  async open() {
    return this
  }
  send(messages: readonly Item[]): Promise<Answer> {
    this.sent.push(messages.map(({ body }) => body))
    return new Promise(resolve => {
      this.#waiting = { resolve, count: messages.length }
    })
  }
  async reopen() {
    this.sent.push(['reopened'])
  }
  async close(force?: boolean) {
    this.forced = force ?? false
  }
  /** Answers the send in progress, if any: all items are delivered, or this many and then the failure. */
  async pass(delivered?: number, failure?: Failure): Promise<void> {
    for (let i = 0; i < 10 && !this.#waiting; i++) await Promise.resolve()
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve({ delivered: delivered ?? waiting.count, ...(failure && { failure }) })
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
}

export const failure = (kind: FailureClass, cause: string): Failure => ({
  class: kind,
  cause,
  message: `gate: ${cause}`,
})

export const fill = (channel: Delivery, ...lines: string[]) => {
  for (const text of lines) channel.push(line(text))
}
