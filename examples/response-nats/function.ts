/** A function for operations: gets what playbooks publish, and does something about it. `node function.ts nats://127.0.0.1:4222` */
import { connect } from '@nats-io/transport-node'

const [servers = 'nats://127.0.0.1:4222'] = process.argv.slice(2)
const connection = await connect({ servers })
const subscription = connection.subscribe('FUNCTIONS.shell', { queue: 'tickets' })
await connection.flush()
console.error('subscribed')

for await (const message of subscription) {
  const { id, output_fields } = message.json<{ id: string; output_fields: Record<string, unknown> }>()
  // The same alert has the same ID, should it come twice.
  console.log(`ticket ${id}: ${output_fields['proc.cmdline']} in ${output_fields['container.name']}`)
}
