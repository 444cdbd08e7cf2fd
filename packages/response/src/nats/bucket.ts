/** The records of responders that share the work, in a key-value bucket of JetStream. */
import { createHash } from 'node:crypto'
import type { KV } from '@nats-io/kv'
import { type Claim, decide, type Once, type OnceRecord, type Verdict } from '../guard/once.ts'

/** Another writer was faster: read again. Each time one of them has made progress. */
const ATTEMPTS = 50

interface Claimed {
  readonly before: OnceRecord | undefined
  readonly record: OnceRecord
  readonly revision: number
  /** What it has come to, until the bucket has it. */
  last?: OnceRecord
}

export class NatsOnce implements Once {
  readonly #bucket: KV
  readonly #by: string
  readonly #lease: number
  readonly #claimed = new Map<string, Claimed>()
  /** Keys that are being claimed here. */
  readonly #claiming = new Set<string>()

  /**
   * @param by this responder, and no other, also not an earlier one on this machine
   * @param lease milliseconds after which a claim is given up: more than any step takes
   */
  constructor(bucket: KV, by: string, lease: number) {
    this.#bucket = bucket
    this.#by = by
    this.#lease = lease
  }

  /** @throws {Error} when the server does not answer: the alert has to come again */
  async claim(claim: Claim): Promise<Verdict> {
    const { key } = claim
    if (this.#claiming.has(key) || (this.#claimed.has(key) && !this.#claimed.get(key)!.last))
      return { claimed: false, busy: true }
    this.#claiming.add(key)
    try {
      await this.#finish(key)
      return await this.#claim(claim)
    } finally {
      this.#claiming.delete(key)
    }
  }

  async #claim(claim: Claim): Promise<Verdict> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const key = keyOf(claim.key)
      const entry = await this.#bucket.get(key)
      const before = this.#unlessLost(
        entry === null || entry.operation !== 'PUT' ? undefined : entry.json<OnceRecord>(),
      )
      const { verdict, after } = decide(before, claim, this.#by, Date.now(), this.#lease)
      if (!after) return verdict
      const revision = await this.#write(key, after, entry?.revision)
      if (revision === undefined) continue
      if (verdict.claimed) this.#claimed.set(claim.key, { before, record: after, revision })
      return verdict
    }
    return { claimed: false, busy: true }
  }

  /** A claim of this responder's that it does not know of: the answer to it was lost, and nothing was begun. */
  #unlessLost(record: OnceRecord | undefined): OnceRecord | undefined {
    if (record?.state !== 'claimed' || record.by !== this.#by) return record
    return { ...record, alerts: record.alerts.slice(0, -1), times: record.times.slice(0, -1), state: 'done' }
  }

  /** @throws {Error} when the server does not answer: the next claim tries again, before anything else */
  async settle(key: string, state: 'done' | 'undecided'): Promise<void> {
    const claimed = this.#claimed.get(key)
    if (claimed) claimed.last = { ...claimed.record, state }
    await this.#finish(key)
  }

  /** @throws {Error} as `settle` */
  async release(key: string): Promise<void> {
    const claimed = this.#claimed.get(key)
    if (claimed) claimed.last = claimed.before ?? { alerts: [], times: [], state: 'done', by: this.#by }
    await this.#finish(key)
  }

  async #finish(key: string): Promise<void> {
    const claimed = this.#claimed.get(key)
    if (!claimed?.last) return
    // If the claim was given up meanwhile, it is undecided, and stays so.
    await this.#write(keyOf(key), claimed.last, claimed.revision)
    this.#claimed.delete(key)
  }

  /** @returns undefined: another writer has written since */
  async #write(key: string, record: OnceRecord, revision: number | undefined): Promise<number | undefined> {
    const text = JSON.stringify(record)
    try {
      return await (revision === undefined ? this.#bucket.create(key, text) : this.#bucket.update(key, text, revision))
    } catch (error) {
      if ((error as { code?: number }).code === WRONG_LAST_SEQUENCE) return undefined
      throw error
    }
  }
}

/** JetStream's error code. */
const WRONG_LAST_SEQUENCE = 10071

/** Keys of a bucket have letters, digits and a few signs. */
export const keyOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 40)
