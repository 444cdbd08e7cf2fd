/** What needs the NATS client: an entry of its own, so that programs without it compile. */
export { AuditConsumer, type AuditConsumerOptions } from './consumer.ts'
export { AuditPublisher, type AuditPublisherOptions } from './publisher.ts'
export type { AuditStreamCounts, AuditStreamPlace, DeadLetterCause } from './stream.ts'
