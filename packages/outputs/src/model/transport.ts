/**
 * The interface of a transport: its options as records, its limits, how it connects, sends a batch and interprets the answer. Queues,
 * retries, dead letters, collapsing, rates, counters, secrets and log lines belong to the delivery and are the same for all.
 */
import type { AlertData, ByteSink, Priority } from '@falc/engine'
import type { Answer } from './answer.ts'

/** The kinds of option values, once read. */
export interface OptionValues {
  text: string
  /** Text that is never printed: not in logs, errors, schemas or support bundles. */
  secret: string
  /** An absolute URL. Its password and query are never printed. */
  url: string
  integer: number
  boolean: boolean
  /** Milliseconds; written as 15s, 5m, 1h30m. */
  duration: number
  /** Bytes; written as 4096, 64KiB, 16MiB. */
  bytes: number
  /** A file or folder. */
  path: string
  /** The engine's output format over an alert: `%alert.rule on %alert.hostname`. */
  template: string
  /** One of `choices`. */
  choice: string
  /** As in rules: in any case, `info` for Informational. */
  priority: Priority
  list: readonly string[]
  map: Readonly<Record<string, string>>
  /** A condition of the rule language over an alert. */
  condition: string
  /** A number per period; written as 20/min. */
  rate: Rate
}

export interface Rate {
  readonly alerts: number
  /** Milliseconds. */
  readonly per: number
}

/** One option: reading, JSON Schema, docs/outputs.md and the removal of secrets derive from it. */
export interface Option<K extends keyof OptionValues = keyof OptionValues> {
  readonly kind: K
  /** Markdown: what it does, one or two sentences. */
  readonly doc: string
  readonly default?: OptionValues[K]
  /** Without it the output is not configured. */
  readonly required?: true
  readonly choices?: readonly string[]
  /** Limits of an integer, a duration or a size. */
  readonly min?: number
  readonly max?: number
  /** A URL or a map that holds credentials: like the kind `secret`, it is never printed. */
  readonly secret?: true
  /** A path whose file is read when the output opens: a certificate, a key. A reload reopens the output if the file has changed. */
  readonly reads?: true
  /** A value for the snippet of docs/outputs.md, where the default would not do. */
  readonly example?: string | number | boolean
}

export type OptionTable = Readonly<Record<string, Option>>

/** The values that a transport with these options is opened with. */
export type OptionsOf<T extends OptionTable> = {
  readonly [K in keyof T]:
    | OptionValues[T[K]['kind']]
    | (T[K] extends { readonly required: true } | { readonly default: unknown } ? never : undefined)
}

/** One alert on its way to a receiver. */
export interface Item {
  /** `alert.id`: the same for each attempt, so that receivers can recognise what they already have. */
  readonly id: string
  readonly alert: AlertData
  /** The alert in the output's format, on one line: Falco's JSON unless configured otherwise. */
  readonly body: string
  /** The media type of `body`. */
  readonly contentType: string
  /** The output's template, rendered; without a template, the alert's output. For people. */
  readonly text: string
  /** Bytes of memory that it takes, roughly, before its body is made. Default: derived from the body. */
  readonly size?: number
  /** Appends the body, in UTF-8, without making it a text. */
  write?(sink: ByteSink): void
}

/** How much one call of `send` takes. */
export interface BatchLimits {
  readonly items: number
  /** Bytes of the bodies, roughly. */
  readonly bytes?: number
}

/** An open connection to a receiver. The delivery never makes two calls at the same time, except for `close`. */
export interface Transport {
  /**
   * Sends items in order. Resolves when the receiver has them or does not want them; never rejects, and ends soon after `signal` fires
   * (the deadline of an attempt, or the end of the process).
   */
  send(items: readonly Item[], signal: AbortSignal): Promise<Answer>
  /**
   * Frees everything. The last `send` has ended, unless `force` is set: then it ends with an error, at once.
   * @throws {OutputError} what only now turns out to be lost
   */
  close(force?: boolean): Promise<void>
  /** SIGUSR1. Default: another connection is opened, and this one closed. @throws {OutputError} the old state stays, if it can */
  reopen?(): Promise<void>
  /** Where the receiver takes less than the definition says. */
  readonly batch?: BatchLimits
  /** Alerts that were answered as delivered and turned out to be lost, by cause, in total. */
  readonly undone?: Readonly<Record<string, number>>
}

/** Something that can be connected to: a definition with its options, or an output of Falco's. */
export interface Target {
  /** The output's name in falco.yaml, the log and metrics. */
  readonly name: string
  readonly batch: BatchLimits
  /** Milliseconds that one attempt may take. Default: any time, as a pipe takes what its reader reads. */
  readonly deadline?: number | undefined
  /** @throws {OutputError} */
  open(): Promise<Transport>
}

/** The environment of a transport. */
export interface TransportContext {
  /** The output's name in falco.yaml. */
  readonly name: string
  readonly hostname: string
  /** Writes a line to the log: once, however often the same text comes. */
  note(text: string): void
  /**
   * Compiles a template.
   * @param encode applied to each field's value, so that what an attacker chose cannot leave its place (a token of a subject, a segment of a path)
   * @throws {OutputError} when the template is malformed
   */
  template(text: string, encode?: (value: string) => string): (alert: AlertData) => string
}

export interface TransportDefinition<T extends OptionTable = OptionTable> {
  /** As in `type:` of an output. */
  readonly type: string
  /** The receiver's own name: `NATS`, `PagerDuty`. */
  readonly title: string
  /** Markdown for docs/outputs.md: what is sent, and how answers are read. */
  readonly doc: string
  readonly options: T
  /** The largest batch that `send` takes. */
  readonly batch: BatchLimits
  /** Milliseconds that alerts wait for others to go out with. Default 0. */
  readonly linger?: number
  /** Milliseconds that one attempt may take, or false: any time. Default 10,000. */
  readonly deadline?: number | false
  /** Receivers connect to it: it listens from the start, not from the first alert on. */
  readonly listens?: true
  /** The npm package that must be installed for it. */
  readonly peer?: string
  /** Alerts arrive in the order in which they were raised: for all, or for those with one key; false: in any order. */
  readonly ordered: 'all' | 'key' | false
  /**
   * Connects. The delivery calls it again, with growing pauses, after `send` answered that the connection is gone (`reconnect`).
   * @throws {OutputError} when the options cannot work, or the receiver cannot be reached
   */
  open(options: OptionsOf<T>, context: TransportContext): Promise<Transport>
}

const PARTS = {
  ...{ type: 'string', title: 'string', doc: 'string', options: 'object', batch: 'object', open: 'function' },
} as const satisfies Partial<Record<keyof TransportDefinition, string>>

/** Ties the options' types to their table. @throws {TypeError} for a definition that lacks something */
export function defineTransport<const T extends OptionTable>(
  definition: TransportDefinition<T>,
): TransportDefinition<T> {
  if (typeof definition !== 'object' || definition === null)
    throw new TypeError(`defineTransport: expected a definition, got ${definition}`)
  for (const [part, type] of Object.entries(PARTS) as [keyof typeof PARTS, string][])
    if (typeof definition[part] !== type || definition[part] === null)
      throw new TypeError(`defineTransport: ${part} of '${definition.type}': expected ${type}, got ${definition[part]}`)
  return definition
}

/** @throws {TypeError} for what can't be connected to */
export function checkTarget(target: Target): void {
  if (typeof target?.name !== 'string' || typeof target.open !== 'function' || typeof target.batch?.items !== 'number')
    throw new TypeError('new Delivery: expected a target with name, batch and open(), such as new StdoutOutput()')
}
