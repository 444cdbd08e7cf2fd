import type { AlertData } from '@falc/engine'
import type { OutputStats } from './counters.ts'
import type { Delivery } from './delivery.ts'

/** All outputs of a run: every alert goes to each of them. */
export class Outputs {
  readonly #deliveries: readonly Delivery[]

  constructor(deliveries: readonly Delivery[]) {
    this.#deliveries = deliveries
  }

  /** @throws {OutputError} of the first output that cannot be opened, after closing the others */
  async open(): Promise<void> {
    try {
      for (const delivery of this.#deliveries) await delivery.open()
    } catch (error) {
      await Promise.all(this.#deliveries.map(delivery => delivery.close(0)))
      throw error
    }
  }

  /** Never waits and never throws. */
  push(alert: AlertData): void {
    for (let i = 0; i < this.#deliveries.length; i++) this.#deliveries[i]!.push(alert)
  }

  /** A producer that can wait should `await room()` now. */
  get full(): boolean {
    return this.#deliveries.some(delivery => delivery.full)
  }

  /** No output can ever deliver again. */
  get broken(): boolean {
    return this.#deliveries.every(delivery => delivery.broken)
  }

  async room(): Promise<void> {
    await Promise.all(this.#deliveries.map(delivery => delivery.room()))
  }

  async flush(): Promise<void> {
    await Promise.all(this.#deliveries.map(delivery => delivery.flush()))
  }

  async reopen(): Promise<void> {
    await Promise.all(this.#deliveries.map(delivery => delivery.reopen()))
  }

  /** See Delivery.close. */
  async close(deadline?: number, abort?: AbortSignal): Promise<void> {
    await Promise.all(this.#deliveries.map(delivery => delivery.close(deadline, abort)))
  }

  get stats(): OutputStats[] {
    return this.#deliveries.map(delivery => delivery.stats)
  }
}
