/** One item of `outputs:` in falco.yaml: what every output has, and the options of its type. */
import { nearest, type Priority } from '@falc/engine'
import { FORMATS, type FormatName } from '../formats/list.ts'
import type { OptionTable, Rate, TransportDefinition } from '../model/transport.ts'
import { TRANSPORTS } from '../transports/list.ts'
import { OptionError, type OptionReading, type OptionSchema, readOptions, schemaOf, secretsOf } from './options.ts'

/** The options of every output. */
export const COMMON_OPTIONS = {
  enabled: { kind: 'boolean', default: true, doc: 'Whether the output is used.' },
  condition: {
    kind: 'condition',
    doc: 'Which alerts go to it: a condition of the rule language over the alert and its output fields.',
    example: 'alert.priority >= Error and not k8s.ns.name in (staging)',
  },
  minimum_priority: {
    kind: 'priority',
    doc: 'Only alerts of this priority and more severe ones. With `condition`, both must hold.',
  },
  template: {
    kind: 'template',
    doc: "The text for people, in the engine's output format. Default: the alert's output.",
    example: '%alert.rule on %alert.hostname: %alert.output',
  },
  format: {
    kind: 'choice',
    choices: Object.keys(FORMATS),
    default: 'json',
    doc: 'How an alert is written, unless the type defines it.',
  },
  rate: {
    kind: 'rate',
    doc: 'The most alerts in a period. A summary at its end counts those that were left out, by rule.',
    example: '20/min',
  },
  timeout: {
    kind: 'duration',
    ...{ min: 10, max: 3_600_000 },
    doc: 'How long one attempt may take before it counts as failed and is retried. Default: 10s.',
  },
  linger: {
    kind: 'duration',
    max: 3_600_000,
    doc: 'How long alerts wait for others, to be sent in one batch. The default depends on the type, and is mostly 0.',
  },
} as const satisfies OptionTable

/** `collapse:` */
export const COLLAPSE_OPTIONS = {
  by: {
    kind: 'list',
    required: true,
    doc: 'Fields of the alert: alerts that have the same values in all of them are repeats.',
    example: 'alert.rule, container.id',
  },
  window: {
    kind: 'duration',
    ...{ default: 300_000, min: 1000, max: 86_400_000 },
    doc: 'How long repeats are counted, from the first alert on, before a summary is sent.',
  },
} as const satisfies OptionTable

/** `queue:` */
export const QUEUE_OPTIONS = {
  max_alerts: { kind: 'integer', default: 100_000, min: 1, doc: 'Alerts that may be queued.' },
  max_bytes: {
    kind: 'bytes',
    min: 1,
    doc: 'Memory, or disk space, that they may use. Default: 64MiB, on disk 1GiB.',
  },
  drop: { kind: 'choice', choices: ['newest', 'oldest'], default: 'newest', doc: 'Which alerts a full queue drops.' },
  disk: {
    kind: 'path',
    doc: 'A folder for the queue, which then survives restarts. Each output has its own subfolder.',
    example: '/var/lib/falc/queue',
  },
  sync: {
    kind: 'duration',
    ...{ default: 1000, max: 3_600_000 },
    doc: 'How much of a queue on disk a crash of the machine may lose, counted back from the crash; 0s: each write is synced. A crash of the process loses nothing.',
  },
} as const satisfies OptionTable

export interface QueueSettings {
  readonly max_alerts: number
  readonly max_bytes?: number
  readonly drop: 'oldest' | 'newest'
  readonly disk?: string
  /** Milliseconds. */
  readonly sync: number
}

export interface OutputSettings {
  readonly name: string
  readonly type: string
  readonly enabled: boolean
  readonly condition?: string
  readonly minimum_priority?: Priority
  readonly template?: string
  readonly format: FormatName
  readonly rate?: Rate
  /** Milliseconds. */
  readonly timeout?: number
  readonly linger?: number
  readonly collapse?: { readonly by: readonly string[]; readonly window: number }
  readonly queue: QueueSettings
  /** Of its type. */
  readonly options: Readonly<Record<string, unknown>>
}

/** A name is a folder, a label of metrics, and a word of commands. */
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/

/** Falco's outputs have these names in the log and in metrics. */
const TAKEN: readonly string[] = ['stdout', 'file', 'program', 'http', 'syslog']

const TYPES: ReadonlyMap<string, TransportDefinition<any>> = new Map(TRANSPORTS.map(one => [one.type, one]))

/** @param own types beside falc's @returns undefined when there is no such type */
export function transportOf(
  type: string,
  own: readonly TransportDefinition<any>[] = [],
): TransportDefinition<any> | undefined {
  return TYPES.get(type) ?? own.find(one => one.type === type)
}

/**
 * Reads one item of `outputs:`.
 * @throws {OptionError} with the path of what is wrong
 */
export function readOutput(item: unknown, at: OptionReading): OutputSettings {
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    throw new OptionError(at.path, 'an output must be a map with a name and a type')
  const { name, type, collapse, queue, ...rest } = item as Record<string, unknown>
  const definition = definitionOf(type, at)
  const own = keysBut(definition.options, rest)
  const common = readOptions(COMMON_OPTIONS, rest, at, Object.keys(definition.options))
  const options = readOptions(definition.options, own, at, Object.keys(COMMON_OPTIONS))
  return {
    ...(common as unknown as Omit<OutputSettings, 'name' | 'type' | 'queue' | 'options'>),
    name: nameOf(name, at),
    type: definition.type,
    ...(collapse != null && { collapse: nested(COLLAPSE_OPTIONS, collapse, 'collapse', at) as never }),
    queue: nested(QUEUE_OPTIONS, queue ?? {}, 'queue', at) as never,
    options,
  }
}

function keysBut(table: OptionTable, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(table, name)))
}

function nested(
  table: OptionTable,
  value: unknown,
  name: string,
  at: OptionReading,
): Readonly<Record<string, unknown>> {
  const path = [...at.path, name]
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OptionError(path, `${name} must be a map`)
  return readOptions(table, value as Record<string, unknown>, { ...at, path })
}

function nameOf(name: unknown, at: OptionReading): string {
  if (name === undefined || name === null || name === '') throw new OptionError(at.path, 'needs the key name')
  const path = [...at.path, 'name']
  const text = String(name)
  if (!NAME.test(text))
    throw new OptionError(path, `a name has letters, digits, '-', '_' and '.', at most 64: not "${text}"`)
  if (TAKEN.includes(text)) throw new OptionError(path, `the name ${text} is that of Falco's ${text}_output`)
  return text
}

function definitionOf(type: unknown, at: OptionReading): TransportDefinition<any> {
  const types = [...TYPES.keys(), ...(at.transports ?? []).map(one => one.type)]
  if (typeof type !== 'string' || type === '')
    throw new OptionError(at.path, `needs the key type: one of ${types.join(', ')}`)
  const definition = transportOf(type, at.transports)
  if (definition) return definition
  const meant = nearest(type, types)
  const hint = meant === undefined ? `one of ${types.join(', ')}` : `did you mean ${meant}?`
  throw new OptionError([...at.path, 'type'], `there is no output of type "${type}": ${hint}`)
}

/** The JSON Schema of an item, by type. */
export function outputSchema(): OptionSchema {
  return { anyOf: TRANSPORTS.map(typeSchema) }
}

function typeSchema({ type, title, options }: TransportDefinition<any>): OptionSchema {
  const schema = schemaOf(
    { ...COMMON_OPTIONS, ...options },
    {
      name: { type: 'string', pattern: NAME.source, description: 'Its name in the log, in metrics and on disk.' },
      type: { const: type },
      collapse: schemaOf(COLLAPSE_OPTIONS),
      queue: schemaOf(QUEUE_OPTIONS),
    },
  )
  return { title, ...schema, required: ['name', 'type', ...((schema.required as string[]) ?? [])] }
}

/** Whether an item, valid or not, sets an option that is secret. */
export function mayHoldSecrets(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false
  const { type } = item as { readonly type?: unknown }
  const definition = typeof type === 'string' ? TYPES.get(type) : undefined
  const known: OptionTable = { ...COMMON_OPTIONS, ...(definition?.options as OptionTable) }
  const harmless = ['name', 'type', 'collapse', 'queue']
  return Object.entries(item).some(([name, value]) => {
    const option = Object.hasOwn(known, name) ? known[name] : undefined
    if (option) return option.kind === 'secret' || option.kind === 'url' || option.secret === true || hasUrl(value)
    return !harmless.includes(name)
  })
}

/** Some options are lists of URLs. */
const hasUrl = (value: unknown) => [value].flat().some(text => typeof text === 'string' && text.includes('://'))

/** The files whose contents the options are, too: certificates, keys, credentials. */
export function filesRead({ type, options }: OutputSettings): string[] {
  const table: OptionTable = TYPES.get(type)!.options
  return Object.entries(table).flatMap(([name, { reads }]) => {
    const path = options[name]
    return reads && typeof path === 'string' ? [path] : []
  })
}

/** The secrets, which must not be printed. @param own types beside falc's */
export function secretsIn({ type, options }: OutputSettings, own?: readonly TransportDefinition<any>[]): string[] {
  return secretsOf(transportOf(type, own)!.options, options)
}
