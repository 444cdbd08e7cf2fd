import type { AlertData } from '@falc/engine'
import type { OutputStats } from './counters.ts'
import type { Delivery } from './delivery.ts'

/** An output as a configuration wants it. */
export interface Wanted {
  readonly name: string
  /** Everything that it is made from: with the same key, a reload keeps it as it is. */
  readonly key: string
  /** Its queue is on disk: no second output may use it at the same time. */
  readonly durable?: boolean
  /** @throws {OutputError} */
  make(): Delivery
}

interface Output {
  readonly wanted: Wanted | undefined
  readonly delivery: Delivery
}

/** All outputs of a run: every alert goes to each of them. */
export class Outputs {
  #outputs: readonly Output[]
  /** Alerts of outputs that are being exchanged. */
  #held: AlertData[] | undefined

  constructor(deliveries: readonly Delivery[] = []) {
    this.#outputs = deliveries.map(delivery => ({ wanted: undefined, delivery }))
  }

  /** @throws {OutputError} of the first output that cannot be opened, after closing the others */
  async open(): Promise<void> {
    await openAll(this.#outputs)
  }

  /**
   * Exchanges the outputs: one with the same key stays as it is, with its connection and its queue. One that has changed hands what
   * waits in its memory to its successor, and a queue on disk is taken over. One that is no longer wanted is closed by the caller.
   * @returns the outputs that are no longer wanted
   * @throws {OutputError} when a new one cannot be opened; nothing is changed then
   */
  async replace(wanted: readonly Wanted[]): Promise<Outputs> {
    const next = wanted.map(one => ({ one, kept: this.#outputs.find(({ wanted }) => wanted && same(wanted, one)) }))
    const made: Output[] = []
    const successors = new Map<Output, Output>()
    const paused: Output[] = []
    try {
      for (const { one, kept } of next) {
        if (kept) continue
        const before = this.#outputs.find(({ wanted }) => wanted?.name === one.name)
        // The folder of a queue has one user at a time.
        if (before?.wanted?.durable) {
          this.#held ??= []
          paused.push(before)
          await before.delivery.close(0)
        }
        const output = { wanted: one, delivery: one.make() }
        made.push(output)
        await output.delivery.open()
        if (before) successors.set(before, output)
      }
    } catch (error) {
      await Promise.all(made.map(({ delivery }) => delivery.close(0)))
      await this.#resume(paused)
      throw error
    }
    const gone = this.#outputs.filter(output => !next.some(({ kept }) => kept === output))
    this.#outputs = next.map(({ one, kept }) => kept ?? made.find(({ wanted }) => wanted === one)!)
    for (const alert of this.#held ?? []) for (const old of paused) successors.get(old)?.delivery.push(alert)
    this.#held = undefined
    for (const [old, { delivery }] of successors) old.delivery.handOver(alert => delivery.take(alert))
    return new Outputs(gone.map(({ delivery }) => delivery))
  }

  /** Makes closed outputs anew, as they were. */
  async #resume(paused: readonly Output[]): Promise<void> {
    for (const old of paused) {
      const delivery = old.wanted!.make()
      await delivery.open()
      this.#outputs = this.#outputs.map(one => (one === old ? { wanted: old.wanted, delivery } : one))
      for (const alert of this.#held ?? []) delivery.push(alert)
    }
    this.#held = undefined
  }

  /** Never waits and never throws. */
  push(alert: AlertData): void {
    this.#held?.push(alert)
    for (let i = 0; i < this.#outputs.length; i++) this.#outputs[i]!.delivery.push(alert)
  }

  /** A producer that can wait should `await room()` now. */
  get full(): boolean {
    return this.#outputs.some(({ delivery }) => delivery.full)
  }

  /** No output can ever deliver again. */
  get broken(): boolean {
    return this.#outputs.every(({ delivery }) => delivery.broken)
  }

  async room(): Promise<void> {
    await this.#all(delivery => delivery.room())
  }

  async flush(): Promise<void> {
    await this.#all(delivery => delivery.flush())
  }

  /** Resolves when everything pushed so far would survive the process, in the queues that can do that. */
  async saved(): Promise<void> {
    await this.#all(delivery => delivery.saved())
  }

  async reopen(): Promise<void> {
    await this.#all(delivery => delivery.reopen())
  }

  /** See Delivery.close. */
  async close(deadline?: number, abort?: AbortSignal): Promise<void> {
    await this.#all(delivery => delivery.close(deadline, abort))
  }

  get stats(): OutputStats[] {
    return this.#outputs.map(({ delivery }) => delivery.stats)
  }

  async #all(call: (delivery: Delivery) => Promise<void>): Promise<void> {
    await Promise.all(this.#outputs.map(({ delivery }) => call(delivery)))
  }
}

function same(a: Wanted, b: Wanted): boolean {
  return a.name === b.name && a.key === b.key
}

async function openAll(outputs: readonly Output[]): Promise<void> {
  try {
    for (const { delivery } of outputs) await delivery.open()
  } catch (error) {
    await Promise.all(outputs.map(({ delivery }) => delivery.close(0)))
    throw error
  }
}
