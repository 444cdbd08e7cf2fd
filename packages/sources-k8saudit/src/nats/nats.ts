/** The entry point for everything that needs the NATS client, separate so that programs without it compile. */
export { AuditConsumer, type AuditConsumerOptions } from './consumer.ts'
export { AuditPublisher, type AuditPublisherOptions } from './publisher.ts'
export type { AuditStreamCounts, AuditStreamPlace, DeadLetterCause } from './stream.ts'
