import type { AlertData } from '@falc/engine'
import type { OutputStats } from './counters.ts'
import type { Delivery } from './delivery.ts'

/** A configured output. */
export interface Wanted {
  readonly name: string
  /** Everything that it is made from: with the same key, a reload keeps it as it is. */
  readonly key: string
  /** The folder of its queue, if that is on disk. Only one output may use a folder at a time. */
  readonly folder?: string | undefined
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
    const before = this.#outputs
    const made: Output[] = []
    const taken: { readonly old: Output; readonly output: Output }[] = []
    try {
      for (const { one, kept } of next) {
        if (kept) continue
        const output = { wanted: one, delivery: one.make() }
        made.push(output)
        const old = before.find(({ wanted }) => wanted?.name === one.name)
        if (old?.wanted?.folder !== undefined && old.wanted.folder === one.folder) {
          // From here on, alerts wait in the new one's memory until it has the folder.
          taken.push({ old, output })
          this.#put(output, old)
          await old.delivery.close(0)
        }
        await output.delivery.open()
      }
    } catch (error) {
      for (const { old, output } of taken) await this.#giveBack(old, output)
      await Promise.all(made.map(({ delivery }) => delivery.close(0)))
      throw error
    }
    this.#outputs = next.map(({ one, kept }) => kept ?? made.find(({ wanted }) => wanted === one)!)
    const gone = before.filter(output => !this.#outputs.includes(output))
    for (const old of gone) {
      const successor = made.find(({ wanted }) => wanted!.name === old.wanted?.name)
      if (successor) old.delivery.handOver(alert => successor.delivery.take(alert))
    }
    return new Outputs(gone.map(({ delivery }) => delivery))
  }

  /** Restores an output that was closed for another one. */
  async #giveBack({ wanted }: Output, output: Output): Promise<void> {
    const again = { wanted, delivery: wanted!.make() }
    output.delivery.handOver(alert => again.delivery.take(alert))
    this.#put(again, output)
    await output.delivery.close(0)
    await again.delivery.open()
  }

  #put(output: Output, inPlaceOf: Output): void {
    this.#outputs = this.#outputs.map(one => (one === inPlaceOf ? output : one))
  }

  /** Never waits and never throws. */
  push(alert: AlertData): void {
    for (let i = 0; i < this.#outputs.length; i++) this.#outputs[i]!.delivery.push(alert)
  }

  /**
   * A producer that can wait should `await room()` now.
   * @param live it can wait a moment, for receivers on this machine: those of others never hold up events
   */
  full(live = false): boolean {
    return this.#outputs.some(({ delivery }) => delivery.full && !(live && delivery.remote))
  }

  /** No output can ever deliver again. */
  get broken(): boolean {
    return this.#outputs.every(({ delivery }) => delivery.broken)
  }

  /** @param live as in `full` */
  async room(live = false): Promise<void> {
    await this.#all(async delivery => {
      if (!(live && delivery.remote)) await delivery.room()
    })
  }

  async flush(): Promise<void> {
    await this.#all(delivery => delivery.flush())
  }

  /** Whether a queue is on disk. */
  get durable(): boolean {
    return this.#outputs.some(({ wanted }) => wanted?.folder !== undefined)
  }

  /** See `savedIn`. */
  saved(): Promise<boolean> {
    return savedIn(this.#outputs.map(({ delivery }) => delivery))
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

/** Milliseconds that a sender may wait for the disk. */
const SAVING = 5000

/**
 * Resolves when everything pushed so far would survive the process, in the queues that can do that, or is done with.
 * @returns false: it is not, and has not been for seconds
 */
export async function savedIn(deliveries: readonly Delivery[]): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), SAVING)
  const saved = Promise.all(deliveries.map(delivery => delivery.saved())).then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([saved, late])
  } finally {
    clearTimeout(timer)
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
