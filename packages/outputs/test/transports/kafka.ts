import { Gateway } from './gateway.ts'
import { Daemon, missing, type Peer, type PeerKind } from './peer.ts'

export const missingKcat = missing('kcat')

/** A record as kcat prints it. */
export interface KafkaRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly ts: number
  readonly key: string
  readonly payload: string
  readonly headers: readonly string[]
}

/** kcat as consumer of a topic, with librdkafka's mock broker in the same process. */
export async function mockBroker(topic = 'falco') {
  const mock = [
    'test.mock.num.brokers=1',
    'allow.auto.create.topics=true',
    'log.thread.name=false',
    'topic.metadata.refresh.interval.ms=100',
  ]
  const daemon: Daemon = new Daemon('kcat', {
    args: () => [
      '-C',
      '-E',
      '-u',
      '-J',
      '-b',
      'mock:1',
      '-t',
      topic,
      '-d',
      'mock',
      ...mock.flatMap(option => ['-X', option]),
    ],
    ready: () => daemon.log.includes('Reached end of topic'),
  })
  await daemon.up()
  const [, address] = /bootstrap\.servers=(127\.0\.0\.1:\d+)/.exec(daemon.log)!
  return {
    daemon,
    address: address!,
    records: (): KafkaRecord[] =>
      daemon.output
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line)),
  }
}

const HOST = Buffer.from('127.0.0.1')

/** Replaces the port in a response that names the broker: 32 bits after the host. */
function redirected(answer: Buffer, from: number, to: number): Buffer {
  for (let at = answer.indexOf(HOST); at >= 0; at = answer.indexOf(HOST, at + HOST.length)) {
    const port = at + HOST.length
    if (port + 4 <= answer.length && answer.readInt32BE(port) === from) answer.writeInt32BE(to, port)
  }
  return answer
}

export const kafkaTopic: PeerKind = {
  type: 'kafka',
  title: 'Kafka',
  missing: missingKcat,
  cannot: { login: 'The mock broker requires none.' },
  async start(): Promise<Peer> {
    const { daemon, address, records } = await mockBroker()
    // The mock broker keeps nothing, and has another port after a restart: it is not stopped, but made unreachable.
    const port = Number(address.split(':')[1])
    const gateway = new Gateway(port, answer => redirected(answer, port, gatewayPort))
    const gatewayPort = await gateway.open()
    return {
      options: () => ({ brokers: [`127.0.0.1:${gatewayPort}`] }),
      direct: () => ({ brokers: [address] }),
      received: async () => records().map(({ headers, payload }) => ({ id: headers[1]!, alert: JSON.parse(payload) })),
      down: async () => gateway.bar(),
      up: async () => {
        gateway.unbar()
        await daemon.up()
      },
      hang: () => daemon.hang(),
      stop: async () => {
        gateway.close()
        await daemon.stop()
      },
    }
  },
}
