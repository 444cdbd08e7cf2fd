import { leaveNats, stayConnected } from '@falc/outputs/nats'
import type { NatsParams } from '@falc/sources-k8saudit'
import { AuditConsumer, AuditPublisher } from '@falc/sources-k8saudit/nats'
import type { Config } from '../config/config.ts'

type NatsSettings = NonNullable<Config['plugins']['settings']['k8saudit']>['nats']

/** Something at a stream, and how to leave the server. */
interface AtStream<T> {
  readonly at: T
  readonly leave: () => Promise<void>
}

async function connected<T>(
  { server, stream, subject }: NatsParams,
  settings: NatsSettings,
  name: string,
  open: (place: Parameters<typeof AuditPublisher.open>[0]) => Promise<T>,
): Promise<AtStream<T>> {
  const login = { ...settings, url: settings?.url ?? [server] }
  const connection = await stayConnected(login, name)
  try {
    const { max_bytes: maxBytes, replicas } = settings ?? {}
    const at = await open({ connection, stream, subject, maxBytes, replicas })
    // Acknowledgements are sent before the connection ends.
    return { at, leave: () => leaveNats(connection) }
  } catch (error) {
    await connection.close()
    throw new Error(`stream ${stream}: ${(error as Error).message}`)
  }
}

/** Takes batches from a stream. @throws {Error} */
export function auditConsumer(
  params: NatsParams,
  settings: NatsSettings,
  options: Omit<Parameters<typeof AuditConsumer.open>[0], 'connection' | 'stream'>,
): Promise<AtStream<AuditConsumer>> {
  const { durable, max_deliveries: maxDeliveries } = settings ?? {}
  return connected(params, settings, 'audit worker', place =>
    AuditConsumer.open({ ...options, ...place, durable, maxDeliveries }),
  )
}

/** Stores bodies in a stream. @throws {Error} */
export function auditPublisher(
  params: NatsParams,
  settings: NatsSettings,
  options: Pick<Parameters<typeof AuditPublisher.open>[0], 'onProblem'>,
): Promise<AtStream<AuditPublisher>> {
  return connected(params, settings, 'audit receiver', place => AuditPublisher.open({ ...options, ...place }))
}
