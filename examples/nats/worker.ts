/**
 * Works through the critical alerts of the stream: each is handled by one of all running workers, and handed out again if it was not
 * acknowledged within 30 seconds. A worker that is restarted continues where the last one stopped.
 */
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

const [servers = 'nats://127.0.0.1:4222'] = process.argv.slice(2)

const connection = await connect({ servers })
const manager = await jetstreamManager(connection)
await manager.consumers.add('FALCO', {
  durable_name: 'on-call',
  filter_subject: 'FALCO.Critical',
  ack_policy: AckPolicy.Explicit,
  ack_wait: 30 * 1e9,
  max_deliver: 5,
})
console.error('working')

const consumer = await jetstream(connection).consumers.get('FALCO', 'on-call')
for await (const message of await consumer.consume()) {
  // The alert's ID: whoever does something for an alert keeps it, so as not to do it twice.
  console.log(`${message.headers?.get('Nats-Msg-Id')} ${message.headers?.get('Falco-Rule')}`)
  message.ack()
}
