/** Receives alerts from a JetStream stream, and acknowledges each when it is on disk. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AlertData } from '@falc/engine'
import type { NatsLogin } from '@falc/outputs'
import { alertOf, leaveNats, stayConnected } from '@falc/outputs/nats'
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'

export interface NatsOptions extends NatsLogin {
  /** The stream. Default: FALCO. */
  readonly stream?: string | undefined
  /** The durable consumer: consoles that share one share its alerts. Default: `console`. */
  readonly durable?: string | undefined
}

/** Messages that are written at a time, and that wait. */
const BATCH = 512
/** Milliseconds between two attempts. */
const AGAIN = 2000
/** Milliseconds between two log lines about malformed messages. */
const QUIET = 60_000

export class NatsInput {
  readonly counts = { stored: 0, refused: 0 }
  readonly #options: NatsOptions
  readonly #store: (alerts: readonly AlertData[]) => Promise<number>
  readonly #note: (text: string) => void
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #messages: ConsumerMessages | undefined
  /** The last message, which is not repeated. */
  #trouble = ''
  #told = Number.NEGATIVE_INFINITY

  /** Connects, and keeps trying while there is no server or stream. @param store resolves when they are on disk */
  constructor(
    options: NatsOptions,
    store: (alerts: readonly AlertData[]) => Promise<number>,
    note: (text: string) => void,
  ) {
    this.#options = options
    this.#store = store
    this.#note = note
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#messages?.close()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      let connection: NatsConnection | undefined
      try {
        connection = await stayConnected(this.#options, 'console')
        await this.#take(await this.#consumer(connection))
      } catch (error) {
        this.#complain((error as Error).message)
      } finally {
        // Acknowledgements that are on their way arrive.
        if (connection) await leaveNats(connection)
      }
      await sleep(AGAIN, undefined, { signal }).catch(() => {})
    }
  }

  async #consumer(connection: NatsConnection): Promise<Consumer> {
    const { AckPolicy, jetstream, jetstreamManager } = await import('@nats-io/jetstream')
    const { stream = 'FALCO', durable = 'console' } = this.#options
    const config = {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      max_deliver: -1,
      max_ack_pending: 2 * BATCH,
    }
    await (await jetstreamManager(connection)).consumers.add(stream, config)
    return jetstream(connection).consumers.get(stream, durable)
  }

  /** Ends when it is closed. */
  async #take(consumer: Consumer): Promise<void> {
    this.#messages = await consumer.consume({ max_messages: BATCH, abort_on_missing_resource: true })
    // What nobody reads never says that it is closed.
    if (this.#closing.signal.aborted) return void this.#messages.close()
    let waiting: JsMsg[] = []
    let writing: Promise<void> | undefined
    const write = async () => {
      while (waiting.length > 0) {
        const batch = waiting
        waiting = []
        await this.#write(batch)
      }
      writing = undefined
    }
    for await (const message of this.#messages) {
      waiting.push(message)
      // What arrives meanwhile is the next batch.
      writing ??= write()
      if (waiting.length >= BATCH) await writing
    }
    await writing
  }

  async #write(messages: readonly JsMsg[]): Promise<void> {
    const alerts: AlertData[] = []
    const kept: JsMsg[] = []
    for (const message of messages) {
      try {
        alerts.push(alertOf(message))
        kept.push(message)
      } catch (error) {
        this.counts.refused++
        message.term('not an alert')
        this.#refused(`${message.subject}: ${(error as Error).message}`)
      }
    }
    try {
      this.counts.stored += await this.#store(alerts)
      for (const message of kept) message.ack()
      this.#trouble = ''
    } catch (error) {
      for (const message of kept) message.nak(AGAIN)
      this.#complain((error as Error).message)
    }
  }

  #refused(last: string): void {
    if (performance.now() - this.#told < QUIET) return
    this.#told = performance.now()
    this.#note(`nats: messages that were no alerts: ${this.counts.refused}; the last: ${last.slice(0, 300)}`)
  }

  #complain(trouble: string): void {
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    this.#note(`nats: ${trouble}`)
  }
}
