/** Prints the alerts of a subject as they are raised: `node subscribe.ts 'FALCO.*'`, `node subscribe.ts FALCO.Critical`. */
import { connect } from '@nats-io/transport-node'

const [subject = 'FALCO.*', servers = 'nats://127.0.0.1:4222'] = process.argv.slice(2)

const connection = await connect({ servers })
const subscription = connection.subscribe(subject)
await connection.flush()
console.error(`subscribed to ${subject}`)

for await (const message of subscription) {
  const { output } = message.json<{ output: string }>()
  console.log(`${message.subject} [${message.headers?.get('Falco-Rule')}] ${output}`)
}
