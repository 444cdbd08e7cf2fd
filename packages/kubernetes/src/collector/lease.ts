/**
 * Elects the collector that writes: the one whose heartbeat is in the bucket. The others see from its revision that it is still alive, so
 * no clocks are compared. The heartbeat and every pod are written against a known revision. So a collector that was suspended while another
 * took over overwrites nothing, and notices.
 */
import type { KV } from '@nats-io/kv'
import { HEARTBEAT, type Heartbeat, heartbeatOf } from './bucket.ts'

/** Another collector writes now. */
export class LeaseLost extends Error {
  constructor() {
    super('another collector writes')
  }
}

export class Lease {
  readonly #expiry: number
  /** Of the own heartbeat. */
  #own = 0
  /** Of another's that was seen last, and since when. */
  #seen = 0
  #since = 0

  /** @param expiry milliseconds without a heartbeat after which another may take over */
  constructor(expiry: number) {
    this.#expiry = expiry
  }

  /**
   * Takes the lease if it is free, or if its holder has been silent or has a problem.
   * @returns whether this collector has it now @throws {Error} when the server does not answer
   */
  async take(kv: KV, beat: Heartbeat): Promise<boolean> {
    const entry = await kv.get(HEARTBEAT)
    try {
      if (entry?.operation !== 'PUT') this.#own = await kv.create(HEARTBEAT, JSON.stringify(beat))
      else if (this.#isFree(entry.revision, heartbeatOf(entry.string())))
        this.#own = await kv.update(HEARTBEAT, JSON.stringify(beat), entry.revision)
      else return false
    } catch (error) {
      if (isConflict(error)) return false
      throw error
    }
    return true
  }

  /** @throws {LeaseLost} */
  async renew(kv: KV, beat: Heartbeat): Promise<void> {
    this.#own = await unlessLost(kv.update(HEARTBEAT, JSON.stringify(beat), this.#own))
  }

  /** The next one need not wait. */
  async release(kv: KV): Promise<void> {
    await unlessLost(kv.delete(HEARTBEAT, { previousSeq: this.#own }))
  }

  #isFree(revision: number, { problem }: Heartbeat): boolean {
    const now = performance.now()
    if (revision !== this.#seen) {
      this.#seen = revision
      this.#since = now
    }
    return revision === this.#own || problem !== undefined || now - this.#since >= this.#expiry
  }
}

/** @throws {LeaseLost} when another collector has written since */
export async function unlessLost<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing
  } catch (error) {
    throw isConflict(error) ? new LeaseLost() : error
  }
}

/** JetStream's code: the revision that was to be replaced is not the last one. */
const WRONG_LAST_SEQUENCE = 10071

const isConflict = (error: unknown) => (error as { code?: number }).code === WRONG_LAST_SEQUENCE
