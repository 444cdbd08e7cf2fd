export type { Answer, Failure, FailureClass } from './answer.ts'
export type { BackoffOptions } from './backoff.ts'
export { Channel, type ChannelOptions } from './channel.ts'
export type { OutputStats } from './counters.ts'
export { type FileOptions, FileOutput } from './file.ts'
export { type HttpOptions, HttpOutput } from './http.ts'
export { type Message, type Output, OutputError } from './output.ts'
export { Outputs } from './outputs.ts'
export { OwnProcesses, ownProcesses } from './processes.ts'
export { type ProgramOptions, ProgramOutput } from './program.ts'
export { BoundedQueue, MAX_BYTES, type QueueBounds, UNBOUNDED } from './queue.ts'
export { StdoutOutput } from './stdout.ts'
export { type SyslogOptions, SyslogOutput } from './syslog.ts'
export {
  defineTransport,
  type Item,
  type Option,
  type OptionsOf,
  type OptionTable,
  type OptionValues,
  type Transport,
  type TransportContext,
  type TransportDefinition,
} from './transport.ts'
export type { FilePort } from './write.ts'
