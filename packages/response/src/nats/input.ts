/** Responders as members of one durable consumer: each alert goes to one of them, and again if that one did not acknowledge it. */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AlertData } from '@falc/engine'
import type { NatsLogin } from '@falc/outputs'
import { alertOf, leaveNats, stayConnected } from '@falc/outputs/nats'
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Once } from '../guard/once.ts'
import type { Port, PublishCall } from '../model/call.ts'
import type { Taken } from '../respond.ts'
import { NatsOnce } from './bucket.ts'

export interface NatsOptions {
  readonly connection: NatsLogin
  /** The stream that alerts are on. Default FALCO. */
  readonly stream?: string
  /** The durable consumer, whose members share the alerts. Default `respond`. */
  readonly durable?: string
  /** The bucket of the records. Default FALCO_RESPONSE. */
  readonly bucket?: string
  /** Alerts at the same time. Default 16. */
  readonly alerts?: number
  /** Milliseconds after which an alert that was not acknowledged goes to another. Default 30,000. */
  readonly ackWait?: number
  /** Milliseconds after which the claim of a responder that reports nothing expires. Default 90,000: longer than a step may take. */
  readonly lease?: number
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void
}

/** @param stored when the stream got it, in milliseconds since 1970 */
type Take = (alert: AlertData, stored: number) => Promise<Taken>

/** How long records are kept: longer than the stream keeps alerts. */
const KEPT = 30 * 86_400_000
/** Milliseconds until an alert comes again at which another responder is, and between two attempts to get at a stream. */
const AGAIN = 1000
/** Milliseconds between two log lines about messages that are no alerts, or about lost connections. */
const QUIET = 60_000
/** Milliseconds between two looks at how much waits. */
const LOOK = 5000
/** The status of a message without a subscriber. */
const NO_RESPONDERS = 503
/** JetStream's error codes. */
const STREAM_NOT_FOUND = 10059
const CONSUMER_NOT_FOUND = 10014
/** The status of a request for messages whose consumer was deleted. */
const CONSUMER_DELETED = 409
const MISSING: ReadonlySet<number> = new Set([STREAM_NOT_FOUND, CONSUMER_NOT_FOUND, CONSUMER_DELETED])

/** Counts of a responder's stream. */
export interface NatsCounts {
  readonly received: number
  readonly redelivered: number
  /** Messages that were not alerts. */
  readonly refused: number
  /** Alerts that were given back, to come again. */
  readonly again: number
  /** Alerts that no responder has yet, and those that some have. */
  readonly pending: number
  readonly unacknowledged: number
  /** Milliseconds that the last alert had been in the stream. */
  readonly lag: number
  readonly connected: boolean
}

export class NatsInput {
  readonly once: Once
  readonly #counts = { received: 0, redelivered: 0, refused: 0, again: 0, pending: 0, unacknowledged: 0, lag: 0 }
  readonly #options: NatsOptions
  readonly #connection: NatsConnection
  readonly #jetstream: typeof import('@nats-io/jetstream')
  readonly #closing = new AbortController()
  #messages: ConsumerMessages | undefined
  #connected = true
  #stopped: Promise<void> | undefined
  #closed: Promise<void> | undefined
  /** When the last message that is no alert was noted. */
  #noted = Number.NEGATIVE_INFINITY
  readonly #running = new Set<Promise<void>>()

  private constructor(
    options: NatsOptions,
    connection: NatsConnection,
    jetstream: typeof import('@nats-io/jetstream'),
    once: Once,
  ) {
    this.#options = options
    this.#connection = connection
    this.#jetstream = jetstream
    this.once = once
    void this.#follow()
  }

  /** Ends with the connection. */
  async #follow(): Promise<void> {
    let noted = Number.NEGATIVE_INFINITY
    let told = false
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') {
        this.#connected = false
        if (told || performance.now() - noted < QUIET) continue
        noted = performance.now()
        told = true
        this.#options.log('warning', 'nats: the connection is lost, falc keeps trying')
      } else if (type === 'reconnect') {
        this.#connected = true
        if (told) this.#options.log('info', 'nats: connected again')
        told = false
      }
    }
    this.#connected = false
  }

  /** @throws {OutputError} when there is no connection @throws {Error} when the server has no JetStream */
  static async open(options: NatsOptions): Promise<NatsInput> {
    const { durable = 'respond', bucket = 'FALCO_RESPONSE', lease = 90_000 } = options
    const connection = await stayConnected(options.connection, `respond ${durable}`)
    try {
      const [jetstream, { Kvm }] = await Promise.all([import('@nats-io/jetstream'), import('@nats-io/kv')])
      const records = await new Kvm(jetstream.jetstream(connection)).create(bucket, { ttl: KEPT })
      const by = `${hostname()} ${crypto.randomUUID()}`
      return new NatsInput(options, connection, jetstream, new NatsOnce(records, by, lease))
    } catch (error) {
      await connection.close()
      throw new Error(`nats: ${(error as Error).message}`)
    }
  }

  get counts(): NatsCounts {
    return { ...this.#counts, connected: this.#connected }
  }

  /** Publishes for playbooks. */
  get port(): Port<PublishCall> {
    return async ({ subject, body }, { dry }) => {
      if (dry) return { outcome: 'done', said: 'not published' }
      // The server says so if there is neither a subscription nor a stream, before it answers to what comes after.
      const reply = (await import('@nats-io/transport-node')).createInbox()
      let nobody = false
      const answers = this.#connection.subscribe(reply, {
        callback: (_, { headers }) => void (nobody ||= headers?.code === NO_RESPONDERS),
      })
      try {
        this.#connection.publish(subject, body, { reply })
        await this.#connection.flush()
      } finally {
        answers.unsubscribe()
      }
      return nobody ? { outcome: 'failed', said: `${subject} has no subscribers` } : { outcome: 'done', said: '' }
    }
  }

  /** Gives alerts to a responder until it is stopped. An alert is acknowledged once what was done for it is recorded. */
  async run(take: Take): Promise<void> {
    let looking: Promise<void> | undefined
    while (!this.#closing.signal.aborted) {
      const consumer = await this.#consumer()
      if (!consumer) break
      looking ??= this.#look(consumer)
      await this.#consume(consumer, take)
    }
    await Promise.all([looking, ...this.#running])
  }

  /** Until it is stopped, or somebody has deleted the consumer or its stream. */
  async #consume(consumer: Consumer, take: Take): Promise<void> {
    const { alerts = 16, log } = this.#options
    const messages = await consumer.consume({ max_messages: alerts, abort_on_missing_resource: true })
    this.#messages = messages
    // It was stopped meanwhile. What nobody reads never says that it is closed.
    if (this.#closing.signal.aborted) return void messages.close()
    try {
      for await (const message of messages) {
        if (this.#closing.signal.aborted) {
          message.nak()
          continue
        }
        const running = this.#handle(message, take).finally(() => this.#running.delete(running))
        this.#running.add(running)
        // No more at the same time than were asked for.
        if (this.#running.size >= alerts) await Promise.race(this.#running)
      }
    } catch (error) {
      const { code, message } = error as Error & { code?: number }
      if (code === undefined || !MISSING.has(code)) throw error
      log('warning', `nats: ${message}: falc creates the consumer again`)
      await sleep(AGAIN, undefined, { signal: this.#closing.signal }).catch(() => {})
    }
  }

  /** How much waits, every now and then: metrics ask more often than the server need be asked. */
  async #look(consumer: Consumer): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const { num_pending, num_ack_pending } = await consumer.info()
        Object.assign(this.#counts, { pending: num_pending, unacknowledged: num_ack_pending })
      } catch {
        // The last known numbers remain; `connected` says whether they are current.
      }
      await sleep(LOOK, undefined, { signal }).catch(() => {})
    }
  }

  /** Takes no more alerts: those that have begun end, others go to other responders. Records and messages of steps still get through. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#closing.abort()
    await this.#messages?.close()
    await Promise.all(this.#running)
  }

  /** Leaves NATS, too. */
  close(): Promise<void> {
    this.#closed ??= this.stop().then(() => leaveNats(this.#connection))
    return this.#closed
  }

  /** The durable consumer; a stream that does not exist yet is waited for. undefined: it was closed */
  async #consumer(): Promise<Consumer | undefined> {
    const { AckPolicy, jetstream, jetstreamManager } = this.#jetstream
    const { stream = 'FALCO', durable = 'respond', ackWait = 30_000, log } = this.#options
    const manager = await jetstreamManager(this.#connection)
    const { signal } = this.#closing
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await manager.consumers.add(stream, {
          durable_name: durable,
          ack_policy: AckPolicy.Explicit,
          ack_wait: ackWait * 1e6,
          // Steps that were begun are not begun again, so an alert may be redelivered any number of times.
          max_deliver: -1,
          max_ack_pending: 1000,
        })
        return await jetstream(this.#connection).consumers.get(stream, durable)
      } catch (error) {
        if ((error as { code?: number }).code !== STREAM_NOT_FOUND) throw error
        if (attempt === 0) log('info', `nats: there is no stream ${stream} yet`)
        await sleep(AGAIN, undefined, { signal }).catch(() => {})
      }
    }
    return undefined
  }

  async #handle(message: JsMsg, take: Take): Promise<void> {
    this.#counts.received++
    let alert: AlertData
    try {
      if (message.redelivered) this.#counts.redelivered++
      this.#counts.lag = Math.max(0, Date.now() - message.time.getTime())
      alert = alertOf(message)
    } catch (error) {
      this.#refuse(message, (error as Error).message)
      return
    }
    const done = new AbortController()
    const working = this.#working(message, done.signal)
    const { busy } = await take(alert, message.time.getTime())
    done.abort()
    await working
    if (busy) {
      this.#counts.again++
      message.nak(AGAIN)
    } else message.ack()
  }

  #refuse(message: JsMsg, reason: string): void {
    this.#counts.refused++
    message.term('not an alert')
    if (performance.now() - this.#noted < QUIET) return
    this.#noted = performance.now()
    const count = this.#counts.refused
    const text = `nats: messages that were no alerts: ${count}; the last: ${message.subject}: ${reason.slice(0, 300)}`
    this.#options.log('warning', text)
  }

  /** While it takes longer, the alert does not go to another. */
  async #working(message: JsMsg, signal: AbortSignal): Promise<void> {
    const every = (this.#options.ackWait ?? 30_000) / 3
    while (!signal.aborted) {
      await sleep(every, undefined, { signal }).catch(() => {})
      if (!signal.aborted) message.working()
    }
  }
}
