import type { JetStreamClient, JsMsg } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { AuditProblem } from '../problem.ts'
import { type AuditStreamPlace, type DeadLetterCause, deadStream, ENVELOPE } from './stream.ts'

/** The maximum length of a reason. */
const REASON = 500
const TIMEOUT = 5000

/** Batches that no worker can evaluate, as they were, on the subject `STREAM_DEAD.CAUSE`. */
export class DeadLetters {
  readonly counts: Record<DeadLetterCause, number> = {
    ...{ 'bad-json': 0, 'too-deep': 0, 'not-an-event': 0, 'too-large': 0, deliveries: 0, worker: 0 },
  }
  readonly #connection: NatsConnection
  readonly #stream: string
  readonly #jetstream: JetStreamClient
  readonly #headers: typeof import('@nats-io/transport-node').headers

  private constructor(
    { connection, stream }: AuditStreamPlace,
    jetstream: JetStreamClient,
    headers: typeof import('@nats-io/transport-node').headers,
  ) {
    this.#connection = connection
    this.#stream = stream
    this.#jetstream = jetstream
    this.#headers = headers
  }

  static async open(place: AuditStreamPlace, jetstream: JetStreamClient): Promise<DeadLetters> {
    const { headers } = await import('@nats-io/transport-node')
    return new DeadLetters(place, jetstream, headers)
  }

  /** @returns whether it is stored */
  async keep(batch: JsMsg, { cause, message }: AuditProblem): Promise<boolean> {
    const { info, data, seq } = batch
    const headers = this.#headers()
    headers.set('Nats-Msg-Id', `${this.#stream}.${seq}`)
    headers.set('Falc-Cause', cause)
    headers.set('Falc-Reason', message.replace(/[^\x20-\x7e]/g, ' ').slice(0, REASON))
    headers.set('Falc-Subject', batch.subject)
    headers.set('Falc-Sequence', String(seq))
    headers.set('Falc-Deliveries', String(info.deliveryCount))
    const encoding = batch.headers?.get('Content-Encoding')
    if (encoding === 'gzip') headers.set('Content-Encoding', encoding)
    const room = (this.#connection.info?.max_payload ?? 1 << 20) - ENVELOPE
    if (data.length > room) headers.set('Falc-Cut', String(data.length))
    try {
      const subject = `${deadStream(this.#stream)}.${cause}`
      await this.#jetstream.publish(subject, data.subarray(0, room), { headers, timeout: TIMEOUT })
    } catch {
      return false
    }
    this.counts[cause as DeadLetterCause]++
    return true
  }
}
