import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { IConnackPacket, Packet } from 'mqtt-packet'
import { type Answer, answerOf, type Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type Transport,
  type TransportContext,
} from '../model/transport.ts'
import { CONNECT_TIMEOUT, connectError, connectionLost, loadPeer, timedOut, unlessAborted } from '../net/connect.ts'
import { readTls, TLS_OPTIONS } from '../net/tls.ts'
import { confined } from '../text/confined.ts'

const OUTPUT = 'mqtt output'
const V5 = { protocolVersion: 5 } as const

const options = {
  url: {
    kind: 'url',
    required: true,
    doc: 'The broker: `mqtt://HOST:PORT` (or `tcp://`), or `mqtts://HOST:PORT` (or `ssl://`) for TLS.',
    example: 'mqtt://127.0.0.1:1883',
  },
  topic: {
    kind: 'template',
    default: 'falco/%alert.priority',
    doc: 'The topic. In values of fields, characters other than letters, digits, `-` and `_` become `_`.',
  },
  qos: { kind: 'integer', default: 1, min: 0, max: 1, doc: '1: the broker acknowledges each alert. 0: it does not.' },
  retain: {
    kind: 'boolean',
    default: false,
    doc: 'The broker keeps the last alert of each topic for later subscribers.',
  },
  expiry: {
    kind: 'duration',
    default: 86_400_000,
    doc: 'How long the broker keeps alerts for disconnected subscribers.',
  },
  client_id: {
    kind: 'text',
    doc: 'Must differ between all clients of a broker. Default: `falc-`, the host’s and the output’s name.',
  },
  keep_alive: {
    kind: 'duration',
    default: 60_000,
    min: 1000,
    max: 65_535_000,
    doc: 'Interval of keep-alives on an idle connection.',
  },
  username: { kind: 'text', doc: 'User name.' },
  password: { kind: 'secret', doc: 'Password.' },
  ...TLS_OPTIONS,
} as const

/** Publishes to a broker of MQTT 5. */
export const mqtt = defineTransport({
  type: 'mqtt',
  title: 'MQTT 5',
  doc: `One message per alert; its user properties are \`id\`, \`rule\`, \`priority\`, \`source\` and \`hostname\`. With QoS 1, an alert counts as
delivered when the broker has acknowledged it, whether or not there is a subscriber. An alert that is sent again has the same \`id\`.

An alert larger than the broker's maximum is dropped; if the topic or the user is not authorised, alerts stay queued.`,
  options,
  batch: { items: 200, bytes: 4 << 20 },
  peer: 'mqtt-packet',
  ordered: 'all',
  async open(values, context) {
    if (/^\$|[+#\0]/.test(values.topic))
      throw new OutputError('topic', `${OUTPUT}: not a topic to publish to: ${values.topic}`, 'misconfigured')
    const topic = confined(values.topic, OUTPUT, 'topic', context.template)
    const codec = await loadPeer('mqtt-packet', OUTPUT, () =>
      import('mqtt-packet').then(module => module.default ?? module),
    )
    const transport = new MqttTransport(await connect(values), codec, values, topic)
    return transport.login(context)
  },
})

type Values = OptionsOf<typeof options>
type Codec = typeof import('mqtt-packet')

/** @throws {OutputError} */
async function connect(values: Values): Promise<Socket> {
  const { protocol, hostname, port } = new URL(values.url)
  const secure = protocol === 'mqtts:' || protocol === 'ssl:'
  if (!secure && protocol !== 'mqtt:' && protocol !== 'tcp:')
    throw new OutputError('url', `${OUTPUT}: url must begin with mqtt:// or mqtts://`, 'misconfigured')
  const host = hostname.replace(/^\[|\]$/g, '')
  const to = { host, port: Number(port || (secure ? 8883 : 1883)) }
  const socket = secure ? connectTls({ ...to, ...(readTls(values, OUTPUT) as object) }) : connectTcp(to)
  try {
    await once(socket, secure ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT) })
    return socket.setNoDelay(true)
  } catch (error) {
    socket.destroy()
    throw connectError(error, OUTPUT)
  }
}

/** A client for one session: it connects, publishes and pings. */
class MqttTransport implements Transport {
  readonly #socket: Socket
  readonly #codec: Codec
  readonly #values: Values
  readonly #topic: (alert: Item['alert']) => string
  /** Waiters for acknowledgements, by message number; 0: for the answer to a ping or to the login. */
  readonly #waiting = new Map<number, { resolve(packet: Packet): void; reject(reason: Error): void }>()
  /** Why the connection has ended. */
  #gone: Error | undefined
  #limits: NonNullable<IConnackPacket['properties']> = {}
  #next = 1
  #alive: NodeJS.Timeout | undefined

  constructor(socket: Socket, codec: Codec, values: Values, topic: (alert: Item['alert']) => string) {
    this.#socket = socket
    this.#codec = codec
    this.#values = values
    this.#topic = topic
    const parser = codec.parser(V5)
    let reason: Error | undefined
    parser.on('error', (error: Error) => socket.destroy(error))
    parser.on('packet', packet => {
      if (packet.cmd === 'disconnect')
        reason = refusal('disconnect', packet.reasonCode ?? 0, packet.properties?.reasonString)
      else this.#waiting.get(packet.messageId ?? 0)?.resolve(packet)
    })
    socket.on('data', chunk => {
      this.#together(() => parser.parse(chunk))
    })
    socket.on('error', error => {
      reason ??= error
    })
    socket.on('close', () => {
      clearInterval(this.#alive)
      this.#gone = reason ?? new Error('the broker closed the connection')
      for (const { reject } of this.#waiting.values()) reject(this.#gone)
    })
  }

  /** What is written in consequence of this goes out in one piece. */
  #together(act: () => void): void {
    this.#socket.cork()
    act()
    setImmediate(() => this.#socket.uncork())
  }

  /** @throws {OutputError} when the broker does not answer, or refuses */
  async login({ name, hostname }: TransportContext): Promise<this> {
    const { client_id = `falc-${hostname}-${name}`, keep_alive, username, password } = this.#values
    const keepalive = Math.round(keep_alive / 1000)
    try {
      const answer = this.#request(
        {
          cmd: 'connect',
          protocolId: 'MQTT',
          ...V5,
          clientId: client_id,
          clean: true,
          keepalive,
          ...(username !== undefined && { username }),
          ...(password !== undefined && { password: Buffer.from(password) }),
        },
        0,
      )
      const packet = (await unlessAborted(answer, AbortSignal.timeout(CONNECT_TIMEOUT))) as IConnackPacket
      this.#limits = packet.properties ?? {}
      if (packet.reasonCode) throw refusal('connection', packet.reasonCode, this.#limits.reasonString)
    } catch (error) {
      this.#socket.destroy()
      throw connectError(error, OUTPUT, classOf(error) === 'misconfigured')
    }
    const period = (this.#limits.serverKeepAlive ?? keepalive) * 500
    if (period > 0) this.#alive = setInterval(() => this.#write({ cmd: 'pingreq' }), period).unref()
    return this
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<Answer> {
    // null: not answered yet.
    const fates: (Failure | undefined | null)[] = items.map(() => null)
    let next = 0
    const publishNext = async () => {
      while (next < items.length && !signal.aborted) {
        const at = next++
        fates[at] = await this.#publish(items[at]!)
      }
    }
    try {
      // The broker says how many unacknowledged messages it takes. Each acknowledgement makes room for the next message. Waiting for all of
      // them would stall with brokers that hold back their last ones until ours arrives (Nagle's algorithm).
      const window = Math.min(this.#limits.receiveMaximum ?? 65_535, items.length)
      const published: Promise<void>[] = []
      this.#together(() => {
        for (let i = 0; i < window; i++) published.push(publishNext())
      })
      await unlessAborted(Promise.all(published), signal)
      // Packets are handled in order: the answer to a ping says that those before it have arrived.
      if (this.#qos === 0) await unlessAborted(this.#request({ cmd: 'pingreq' }, 0), signal)
      return answerOf(fates.map(fate => fate ?? undefined))
    } catch (error) {
      const open = fates.findIndex(fate => fate !== undefined)
      const delivered = this.#qos === 0 ? 0 : open < 0 ? items.length : open
      return { delivered, failure: signal.aborted ? timedOut(OUTPUT) : failureOfMqtt(error) }
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#alive)
    this.#write({ cmd: 'disconnect', reasonCode: 0 })
    this.#socket.destroySoon()
  }

  get #qos(): 0 | 1 {
    return Math.min(this.#values.qos, this.#limits.maximumQoS ?? 1) as 0 | 1
  }

  async #publish({ id, alert, body, contentType }: Item): Promise<Failure | undefined> {
    const { rule, priority, source, hostname } = alert
    const messageId = this.#next
    const packet: Packet = {
      cmd: 'publish',
      topic: this.#topic(alert),
      payload: body,
      qos: this.#qos,
      dup: false,
      retain: this.#values.retain && this.#limits.retainAvailable !== false,
      messageId,
      properties: {
        payloadFormatIndicator: true,
        contentType,
        messageExpiryInterval: Math.ceil(this.#values.expiry / 1000),
        userProperties: { id, rule: short(rule), priority, source, ...(hostname !== undefined && { hostname }) },
      },
    }
    const limit = this.#limits.maximumPacketSize ?? 1 << 28
    const bytes = this.#codec.generate(packet, V5)
    if (bytes.length > limit)
      return {
        class: 'poison',
        cause: 'too_large',
        message: `${OUTPUT}: the alert is larger than the broker's maximum of ${limit} bytes`,
      }
    if (this.#qos === 0) return void this.#write(bytes)
    this.#next = (this.#next % 65_535) + 1
    const { reasonCode = 0, properties } = (await this.#request(bytes, messageId)) as Packet & { cmd: 'puback' }
    // Below 128 the broker has accepted the alert, with or without subscribers.
    return reasonCode < 128 ? undefined : failureOfMqtt(refusal('alert', reasonCode, properties?.reasonString))
  }

  /** Sends a packet and waits for its answer. Rejects when the connection ends. */
  async #request(packet: Packet | Buffer, id: number): Promise<Packet> {
    if (this.#gone) throw this.#gone
    const { promise, resolve, reject } = Promise.withResolvers<Packet>()
    this.#waiting.set(id, { resolve, reject })
    this.#write(packet)
    try {
      return await promise
    } finally {
      this.#waiting.delete(id)
    }
  }

  #write(packet: Packet | Buffer): void {
    const bytes = Buffer.isBuffer(packet) ? packet : this.#codec.generate(packet, V5)
    if (this.#socket.writable) this.#socket.write(bytes)
  }
}

/** MQTT's strings have at most 65,535 bytes. */
const short = (text: string) => text.slice(0, 16_000)

/** Reason codes that another setting cures: the protocol's version, the client's name, the user, the topic, retain, QoS. */
const MISCONFIGURED: ReadonlySet<number> = new Set([0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c, 0x8e, 0x90, 0x9a, 0x9b])

/** Reason codes that are about one alert: its size and its format. */
const POISON: ReadonlySet<number> = new Set([0x95, 0x99])

function refusal(what: string, code: number, reason = ''): Error & { reasonCode: number } {
  const message = `the broker refused the ${what}: reason ${code}${reason && ` (${reason})`}`
  return Object.assign(new Error(message), { reasonCode: code, code: `mqtt_${code}` })
}

function classOf(error: unknown): Failure['class'] {
  const { reasonCode } = error as { reasonCode?: number }
  if (reasonCode === undefined) return 'later'
  return MISCONFIGURED.has(reasonCode) ? 'misconfigured' : POISON.has(reasonCode) ? 'poison' : 'later'
}

function failureOfMqtt(error: unknown): Failure {
  const kind = classOf(error)
  const failure = connectionLost(OUTPUT, error)
  if (kind === 'later') return failure
  return { class: kind, cause: failure.cause, message: failure.message }
}
