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

export const kafkaTopic: PeerKind = {
  type: 'kafka',
  title: 'Kafka',
  missing: missingKcat,
  cannot: { down: 'The mock broker keeps nothing, and has another port after a restart.' },
  async start(): Promise<Peer> {
    const { daemon, address, records } = await mockBroker()
    return {
      options: () => ({ brokers: [address] }),
      received: async () => records().map(({ headers, payload }) => ({ id: headers[1]!, alert: JSON.parse(payload) })),
      down: () => daemon.down(),
      up: () => daemon.up(),
      hang: () => daemon.hang(),
      stop: () => daemon.stop(),
    }
  },
}
