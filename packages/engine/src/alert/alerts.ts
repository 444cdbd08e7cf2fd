import { addressBytes } from '../fields/address.ts'
import { genericFields } from '../fields/evt.ts'
import { defineSource, type FieldDef, type FieldType, type Scalar, type Source, type Value } from '../fields/field.ts'
import { fieldTable, type ResolvedField } from '../fields/table.ts'
import { TYPES } from '../fields/types.ts'
import { narrow } from '../fields/values.ts'
import { PRIORITY_NAMES } from '../rules/priority.ts'
import type { AlertData } from './alert.ts'

export interface AlertsOptions {
  /**
   * The sources whose alerts these are. Conditions and templates may then name exactly the fields that one of them declares, with
   * the type that it declares. Without it any field may be named, and is text.
   */
  readonly sources?: readonly Source[]
  /** Also fields that only conditions of rules may name, for alerts whose `condition_fields` are among their output fields. Default false. */
  readonly filterOnly?: boolean
}

/**
 * Alerts as events, so that routes, silences and searches are conditions of the rule language:
 * `alert.priority >= Warning and k8s.ns.name in (prod, payments)`. The output fields of an alert are its fields, under their own
 * names. A field that the alert's rule does not print is absent.
 */
export function alerts({ sources, filterOnly = false }: AlertsOptions = {}): Source<AlertData> {
  return defineSource<AlertData>({
    name: 'alert',
    fields: { ...declared(sources ?? [], filterOnly), ...OWN },
    time: alert => alert.time,
    id: alert => alert.id,
    check: whyNotAlert,
    undeclared: name =>
      sources ? `; write alert.field[${name}] for an output field that no source declares` : outputField(name, TEXT),
  })
}

const TEXT = { type: 'string', arg: 'optional', argKind: 'key', doc: 'an output field' } as const

/** The properties of an alert other than its output fields. */
const OWN = {
  'alert.id': {
    ...{ type: 'string', doc: '32 hex digits: the same when the same event is evaluated again' },
    extract: alert => alert.id,
  },
  'alert.rule': { type: 'string', doc: 'name of the rule', extract: alert => alert.rule },
  'alert.priority': {
    ...{ type: 'string', names: PRIORITY_NAMES, noRhs: true },
    doc: 'priority; `>= Warning` is Warning or more severe',
    extract: alert => alert.priority,
  },
  'alert.source': { type: 'string', doc: 'source of the event', extract: alert => alert.source },
  'alert.tags': { type: 'string', list: true, doc: "the rule's tags", extract: alert => alert.tags },
  'alert.hostname': { type: 'string', doc: 'host of the sensor', extract: alert => alert.hostname },
  'alert.time': {
    ...{ type: 'abstime', print: 'iso8601', doc: 'time of the event' },
    extract: alert => narrow(alert.time),
  },
  'alert.output': { type: 'string', doc: 'the whole line: time, priority and message', extract: alert => alert.output },
  'alert.message': { type: 'string', doc: 'the message alone', extract: alert => alert.message },
  'alert.count': {
    ...{ type: 'uint64', doc: 'how many alerts it stands for: more than 1 for collapsed repeats' },
    extract: alert => alert.count ?? 1,
  },
  'alert.first_time': {
    ...{ type: 'abstime', print: 'iso8601', doc: 'time of the first of the collapsed alerts' },
    extract: alert => narrow(alert.firstTime ?? alert.time),
  },
  'alert.last_time': {
    ...{ type: 'abstime', print: 'iso8601', doc: 'time of the last of the collapsed alerts' },
    extract: alert => narrow(alert.lastTime ?? alert.time),
  },
  'alert.field': {
    ...{ type: 'string', arg: 'required', argKind: 'key', brackets: true },
    doc: 'any output field as text: a static or custom field, or one of a plugin that this program does not know',
    extract: (alert: AlertData, name: string) => textOf(output(alert, name)),
  },
  'alert.absence': {
    ...{ type: 'string', arg: 'required', argKind: 'key', brackets: true },
    doc: 'why an output field is absent, where that is known: `alert.absence[k8s.pod.name]`',
    extract: (alert: AlertData, name: string) => absenceOf(alert, name),
  },
  'evt.source': { type: 'string', doc: 'as alert.source', extract: alert => alert.source },
  'evt.hostname': { type: 'string', doc: 'as alert.hostname', extract: alert => alert.hostname },
} as const satisfies Record<string, FieldDef<AlertData>>

/** Fields of every source that read the event's time only: an alert has the same time. */
const TIMES = ['evt.time', 'evt.time.s', 'evt.time.iso8601', 'evt.datetime', 'evt.datetime.s'].concat(
  ...['evt.rawtime', 'evt.rawtime.s', 'evt.rawtime.ns'],
)

/** The fields that some source declares, and those that each source has. If declarations differ, the field is text. */
function declared(sources: readonly Source[], filterOnly: boolean): Record<string, FieldDef<AlertData>> {
  const found = new Map<string, FieldDef>()
  const everywhere = Object.entries(genericFields({ name: '', fields: {}, kind: 'source' }, CONTEXT))
  for (const [name, def] of [...everywhere, ...sources.flatMap(source => [...fieldTable(source).entries()])]) {
    if ((def.filterOnly && !filterOnly) || TIMES.includes(name)) continue
    const other = found.get(name)
    found.set(name, other && !sameType(other, def) ? ({ doc: def.doc, type: 'string' } as FieldDef) : def)
  }
  return Object.fromEntries([...found].map(([name, def]) => [name, outputField(name, def)]))
}

const CONTEXT = { num: 0, hostname: undefined, firstTime: undefined, time: undefined, errors: undefined }

function sameType(a: FieldDef, b: FieldDef): boolean {
  return a.type === b.type && (a.list ?? false) === (b.list ?? false) && (a.anyOf ?? false) === (b.anyOf ?? false)
}

/** A field of a source, read from the output fields of its alerts. Bytes, and values of no field type, are text there. */
function outputField(name: string, def: Omit<FieldDef, 'extract'>): FieldDef<AlertData> {
  const { kind } = TYPES[def.type]
  const type: FieldType = kind === 'bytes' || kind === 'opaque' || def.refine ? 'string' : def.type
  const read = { type, print: kind === 'number' ? def.print : undefined, list: def.list, anyOf: def.anyOf }
  const { arg, argKind, brackets, doc } = def
  const field = {
    ...{ ...read, arg, brackets, doc },
    // An index is read as it was written.
    argKind: argKind === 'index' ? 'key' : argKind,
    extract: (alert, argument?: string) => convert(output(alert, name, argument), read),
    absence: (alert, argument?: string) => absenceOf(alert, argument === undefined ? name : `${name}[${argument}]`),
  } as FieldDef<AlertData>
  OUTPUT_FIELDS.add(field)
  return field
}

function absenceOf({ absences = {} }: AlertData, name: string): string | undefined {
  return Object.hasOwn(absences, name) ? absences[name] : undefined
}

const OUTPUT_FIELDS = new WeakSet<FieldDef>()

/**
 * The keys of `output_fields` that a field of `alerts()` is read from: the first that is there counts. undefined: it is read from something else.
 */
export function outputKeys({ name, argText, def }: ResolvedField): readonly string[] | undefined {
  if (name === 'alert.field' && def.extract === OWN['alert.field'].extract) return [argText!]
  if (!OUTPUT_FIELDS.has(def)) return undefined
  return argText === undefined ? [name] : [`${name}[${argText}]`, `${name}.${argText}`]
}

/** The value of an output field: `name`, `name[arg]` or `name.arg`. */
function output({ output_fields }: AlertData, name: string, arg?: string): Value | null | undefined {
  const key = arg === undefined ? name : `${name}[${arg}]`
  if (Object.hasOwn(output_fields, key)) return output_fields[key]
  const dotted = `${name}.${arg}`
  return arg !== undefined && Object.hasOwn(output_fields, dotted) ? output_fields[dotted] : undefined
}

type Typed = Pick<FieldDef, 'type' | 'list' | 'anyOf' | 'print'>

/** Converts a value of an alert to the field's type; undefined: absent, or not a value of this type. */
function convert(value: Value | null | undefined, as: Typed): Value | undefined {
  if (value === undefined || value === null) return undefined
  if (as.list) return several(Array.isArray(value) ? value : [value as Scalar], as)
  // The values of such a field are printed with blanks between them.
  if (as.anyOf && typeof value === 'string') return several(value.split(' '), as)
  if (Array.isArray(value)) return TYPES[as.type].kind === 'text' ? textOf(value) : undefined
  return scalar(value as Scalar, as)
}

function several(values: readonly Scalar[], as: Typed): Value | undefined {
  const converted = values.flatMap(value => scalar(value, as) ?? [])
  return converted.length === 0 ? undefined : converted
}

function scalar(value: Scalar, { type, print }: Typed): Scalar | undefined {
  switch (TYPES[type].kind) {
    case 'number':
      return typeof value === 'string' ? numberOf(value, type, print) : typeof value === 'boolean' ? undefined : value
    case 'bool':
      return typeof value === 'boolean' ? value : value === 'true' ? true : value === 'false' ? false : undefined
    case 'ip':
    case 'net':
      return addressBytes(value)
    default:
      return textOf(value) as string | undefined
  }
}

function numberOf(text: string, type: FieldType, print: FieldDef['print']): Scalar | undefined {
  if (print === 'hex') return /^[0-9a-f]{1,16}$/i.test(text) ? narrow(BigInt(`0x${text}`)) : undefined
  if (print === 'oct') return /^[0-7]{1,22}$/.test(text) ? narrow(BigInt(`0o${text}`)) : undefined
  if (/^-?\d{1,20}$/.test(text)) return narrow(BigInt(text))
  return type === 'double' && /^-?\d+\.\d+(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

function textOf(value: Value | null | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  return Array.isArray(value) ? `(${value.join(',')})` : String(value)
}

function whyNotAlert(alert: Partial<AlertData>): string | undefined {
  const isAlert = typeof alert?.rule === 'string' && typeof alert.time === 'bigint' && alert.output_fields
  return isAlert ? undefined : 'it is not an alert, as engine.evaluate or parseAlert return them'
}
