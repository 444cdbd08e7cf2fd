/** The receivers that the contract suite runs on. A transport without one fails the suite. */
import { alertmanagerApi } from './alertmanager.ts'
import { kafkaTopic } from './kafka.ts'
import { LOCAL } from './local.ts'
import { mqttBroker } from './mqtt.ts'
import { natsCore, natsStream } from './nats.ts'
import type { PeerKind } from './peer.ts'
import { rabbitQueue } from './rabbitmq.ts'
import { redisStream, valkeyStream } from './redis.ts'
import { SERVICES } from './services.ts'
import { mail } from './smtp.ts'
import { syslogTcp, syslogUdp } from './syslog.ts'

/** The receivers that are separate servers. */
export const SERVERS: readonly PeerKind[] = [
  ...[natsCore, natsStream, redisStream, valkeyStream, rabbitQueue, mqttBroker(true)],
  ...[kafkaTopic, mail, syslogTcp, syslogUdp, alertmanagerApi],
]

export const PEERS: readonly PeerKind[] = [...LOCAL, ...SERVICES.map(({ kind }) => kind), ...SERVERS]

/** Transports without a receiver of their own, with the reason. */
export const UNTESTED: Readonly<Record<string, string>> = {
  grpc: 'Its receivers are clients, which come and go: test/streams/grpc.test.ts.',
  stream: 'Its receivers are clients, which come and go: test/streams/stream.test.ts.',
  prometheus: 'Prometheus sees numbers, not alerts: prometheus.test.ts lets it scrape them.',
  stdout: 'Standard output is that of the process: test/falco-outputs.test.ts runs it on pipes and files.',
}
