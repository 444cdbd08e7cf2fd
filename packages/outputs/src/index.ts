export { configuredDelivery, type Surroundings, tryConfigured } from './configured.ts'
export { Backoff, type BackoffOptions } from './delivery/backoff.ts'
export type { OutputStats } from './delivery/counters.ts'
export { Delivery, type DeliveryOptions } from './delivery/delivery.ts'
export { Outputs, savedIn, type Wanted } from './delivery/outputs.ts'
export { tryOutput } from './delivery/try-output.ts'
export { type FileOptions, FileOutput } from './falco/file.ts'
export { type HttpOptions, HttpOutput } from './falco/http.ts'
export { OwnProcesses, ownProcesses } from './falco/processes.ts'
export { type ProgramOptions, ProgramOutput } from './falco/program.ts'
export { StdoutOutput } from './falco/stdout.ts'
export { type SyslogOptions, SyslogOutput } from './falco/syslog.ts'
export type { FilePort } from './falco/write.ts'
export { falcoJson } from './formats/falco.ts'
export { FORMATS, type FormatName } from './formats/list.ts'
export type { Answer, Failure, FailureClass } from './model/answer.ts'
export type { Format } from './model/format.ts'
export { type Output, OutputError } from './model/output.ts'
export {
  type BatchLimits,
  defineTransport,
  type Item,
  type Option,
  type OptionsOf,
  type OptionTable,
  type OptionValues,
  type Rate,
  type Target,
  type Transport,
  type TransportContext,
  type TransportDefinition,
} from './model/transport.ts'
export { type HttpAnswer, HttpClient, type HttpRequest, isFailure, useHttpThread } from './net/http-client.ts'
export { NATS_CONNECTION, type NatsLogin } from './net/nats-login.ts'
export { SteadyPage } from './net/steady-page.ts'
export {
  defaultOf,
  OptionError,
  type OptionPath,
  type OptionReading,
  type OptionSchema,
  readOptions,
  schemaOf,
  scrubber,
} from './options/options.ts'
export {
  COLLAPSE_OPTIONS,
  COMMON_OPTIONS,
  filesRead,
  mayHoldSecrets,
  type OutputSettings,
  outputSchema,
  QUEUE_OPTIONS,
  readOutput,
  secretsIn,
  transportOf,
} from './options/settings.ts'
export { type DeadLetter, DeadLetters } from './queue/dead-letters.ts'
export { DiskQueue, type DiskQueueOptions } from './queue/disk.ts'
export { FolderLock } from './queue/lock.ts'
export { MAX_BYTES, MemoryQueue } from './queue/memory.ts'
export { type DiskStats, type Queue, type QueueBounds, type QueueUser, UNBOUNDED } from './queue/queue.ts'
export { boundedServer, endUnread } from './streams/server.ts'
export { parseDuration } from './text/units.ts'
export { TRANSPORTS } from './transports/list.ts'
