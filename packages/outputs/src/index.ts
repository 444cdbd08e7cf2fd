export type { Answer, Failure, FailureClass } from './answer.ts'
export type { BackoffOptions } from './backoff.ts'
export { configuredDelivery, type Surroundings, tryConfigured } from './configured.ts'
export type { OutputStats } from './counters.ts'
export { Delivery, type DeliveryOptions } from './delivery.ts'
export { type FileOptions, FileOutput } from './file.ts'
export { type Format, shared } from './format.ts'
export { falcoJson } from './formats/falco.ts'
export { FORMATS, type FormatName } from './formats/list.ts'
export { type HttpOptions, HttpOutput } from './http.ts'
export {
  defaultOf,
  OptionError,
  type OptionPath,
  type OptionReading,
  type OptionSchema,
} from './options.ts'
export { type Output, OutputError } from './output.ts'
export { Outputs, savedIn, type Wanted } from './outputs.ts'
export { OwnProcesses, ownProcesses } from './processes.ts'
export { type ProgramOptions, ProgramOutput } from './program.ts'
export { type DeadLetter, DeadLetters } from './queue/dead-letters.ts'
export { DiskQueue, type DiskQueueOptions } from './queue/disk.ts'
export { MAX_BYTES, MemoryQueue } from './queue/memory.ts'
export { type DiskStats, type Queue, type QueueBounds, type QueueUser, UNBOUNDED } from './queue/queue.ts'
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
} from './settings.ts'
export { StdoutOutput } from './stdout.ts'
export { SteadyPage } from './steady-page.ts'
export { type SyslogOptions, SyslogOutput } from './syslog.ts'
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
} from './transport.ts'
export { TRANSPORTS } from './transports/list.ts'
export { tryOutput } from './try-output.ts'
export { parseDuration } from './units.ts'
export type { FilePort } from './write.ts'
