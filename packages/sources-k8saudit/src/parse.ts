import { AuditEvent } from './event.ts'
import { isObject, type Json, type JsonObject } from './json/json.ts'
import { findList, type ListSpan, MAX_DEPTH, MAX_VALUES, skipSpace, ValueScan } from './json/scan.ts'
import { AuditError, type AuditProblem, type AuditProblemCause } from './problem.ts'
import { type AuditSieve, SievedBytes } from './sieve/sieve.ts'

export interface AuditBody {
  readonly events: AuditEvent[]
  /** What was left out, and why. */
  readonly problems: AuditProblem[]
}

export interface ParseOptions {
  /** Bytes of an event in `evt.plugininfo`, at most; fields always see the whole event. Default 262144. */
  readonly maxEventSize?: number
  /** Accept only objects that are audit events by `kind: Event` or, without a kind, by an `auditID`. Default: any JSON object. */
  readonly strict?: boolean
}

/**
 * The events of one JSON text: an Event, an EventList, or an array of these. Bad events of a list are left out and passed
 * to `report`; the others are kept.
 * @throws {AuditError} when there is a problem and no event at all.
 */
export function parseAuditEvents(text: string, report?: (problem: AuditProblem) => void): AuditEvent[] {
  const { events, problems } = parseAuditBody(text)
  if (events.length === 0 && problems.length > 0) throw new AuditError(problems)
  if (report) for (const problem of problems) report(problem)
  return events
}

/** As parseAuditEvents, but never throws. */
export function parseAuditBody(text: string, options: ParseOptions = {}): AuditBody {
  const body = readBody(text, options)
  return body instanceof AuditEvent ? { events: [body], problems: [] } : body
}

/** A whole body, whose items may be passed over; of the usual line of a log, the event alone. */
export function readBody(text: string, options: ReadOptions): AuditEvent | Slice {
  const root = text.length <= SHORT ? parseText(text) : undefined
  if (root !== undefined && !(root instanceof Bad) && reasonAgainst(root, options.strict ?? false) === undefined)
    return new AuditEvent(root as JsonObject, text, options.maxEventSize)
  return new BodyReader(text, options, root).read(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
}

/** How a body of an input is read. */
export interface ReadOptions extends ParseOptions {
  /** Passes over the items of its list that no rule can match. */
  readonly sieve?: (() => AuditSieve | undefined) | undefined
}

/** A part of a body. */
export interface Slice extends AuditBody {
  /** Events that were passed over. */
  readonly passedOver: number
  /** Per event, how many were passed over before it. */
  readonly before: readonly number[]
}

/** A body reports this many problems one by one, and the others by their number. */
const MAX_PROBLEMS = 100

/** Items and characters of a body that are read at once; then others get a turn. */
export const SLICE = { items: 256, length: 1 << 18 } as const

/** Reads a body item by item: the text is all that is kept of what has not been asked for yet. */
export class BodyReader {
  readonly #items: Iterator<Item>
  #problems = 0
  /** The whole body was read. */
  done = false

  /** @param root the text's value, or that it has none; undefined: it was not parsed yet */
  constructor(text: string, options: ReadOptions = {}, root?: Json | Bad) {
    this.#items = root === undefined ? itemsOf(text, options, 0) : oneItem(text, options, 0, root)
  }

  /** The next events: up to `maxItems` items, and no further item once they take `maxLength` characters. */
  read(maxItems: number = SLICE.items, maxLength: number = SLICE.length): Slice {
    const events: AuditEvent[] = []
    const before: number[] = []
    let passedOver = 0
    const problems: AuditProblem[] = []
    for (let length = 0, count = 0; count < maxItems && length < maxLength; count++) {
      const { value, done } = this.#items.next()
      if (done) {
        this.done = true
        break
      }
      length += value.length
      if (value.passed !== undefined) {
        passedOver += value.passed
        count += value.passed - 1
      } else if (value.event) {
        events.push(value.event)
        before.push(passedOver)
      } else if (++this.#problems <= MAX_PROBLEMS) problems.push(value.problem)
      else merge(problems, value.problem)
    }
    return { events, problems, passedOver, before }
  }
}

/** Adds to the problem that summarises all further ones of its cause. */
function merge(problems: AuditProblem[], { cause }: AuditProblem): void {
  const at = problems.findLastIndex(problem => problem.cause === cause && problem.count !== undefined)
  const count = (problems[at]?.count ?? 0) + 1
  problems[at < 0 ? problems.length : at] = { cause, message: `further bad items: ${count}`, count }
}

/** An event, or what is wrong with it, or how many were passed over; and how many characters they took. */
type Item = { readonly length: number } & (
  | { readonly event: AuditEvent; readonly passed?: undefined }
  | { readonly problem: AuditProblem; readonly event?: undefined; readonly passed?: undefined }
  | { readonly passed: number }
)

/** Lists in arrays in arrays …: each level is scanned again, so their number is limited. */
const MAX_LISTS = 4

/** The fields of an EventList beside its items, as text. */
const MAX_ENVELOPE = 64 * 1024
const ENVELOPE: AuditProblem = {
  cause: 'too-large',
  message: `the fields of a list beside its items take more than ${MAX_ENVELOPE} bytes`,
}

function itemsOf(text: string, options: ReadOptions, level: number): Generator<Item, void> {
  const list = mayBeList(text) ? (listOf(text, true) ?? listOf(text, false)) : undefined
  return list ? listItems(text, list, options, level) : oneItem(text, options, level)
}

/** Text this short cannot be nested too deep, nor hold too many values. */
const SHORT = 2 * MAX_DEPTH

/** A guess that costs little: an event may contain these words, too, and a short text is parsed to find out. */
const mayBeList = (text: string): boolean => text.length > SHORT && looksLikeList(text)
const looksLikeList = (text: string): boolean => text[skipSpace(text, 0)] === '[' || text.includes('"EventList"')

function* oneItem(text: string, options: ReadOptions, level: number, root = parseOne(text)): Generator<Item, void> {
  const { length } = text
  if (root instanceof Bad) return yield { problem: root.problem, length }
  const reason = reasonAgainst(root, options.strict ?? false)
  if (reason === undefined)
    return yield { event: new AuditEvent(root as JsonObject, text, options.maxEventSize), length }
  const parsed = text.length <= SHORT && isObject(root) && Array.isArray(root.items) ? root.items : undefined
  const list = listOf(text, false)
  if (list) yield* listItems(text, list, options, level, parsed)
  else if (Array.isArray(root) || (isObject(root) && root.kind === 'EventList' && Array.isArray(root.items)))
    yield { problem: ENVELOPE, length }
  else if (!isObject(root) || root.kind !== 'EventList' || root.items !== null)
    yield { problem: { cause: 'not-an-event', message: reason }, length }
}

interface List extends ListSpan {
  readonly isArray: boolean
}

/** The items of a text that is a list, judged by all but its items. */
function listOf(text: string, toLast: boolean): List | undefined {
  const span = findList(text, 'items', toLast)
  if (!span || text.length - (span.to - span.from) > MAX_ENVELOPE) return undefined
  try {
    const root: Json = JSON.parse(text.slice(0, span.from) + text.slice(span.to))
    const isArray = Array.isArray(root)
    return isArray || (isObject(root) && root.kind === 'EventList') ? { ...span, isArray } : undefined
  } catch {
    return undefined
  }
}

function* listItems(
  text: string,
  { from, to, isArray }: List,
  options: ReadOptions,
  level: number,
  /** The items of a short list: there is no room for values that take much memory. */
  parsed?: readonly Json[],
): Generator<Item, void> {
  const scan = new ValueScan()
  const sieved = options.sieve && new SievedBytes(options.sieve, text.slice(0, to), !isArray)
  let at = skipSpace(text, from)
  for (let index = 0; at < to || index > 0; index++) {
    let end = at
    if (sieved && (end = sieved.pass(at)) > at) {
      index += sieved.passed - 1
      yield { passed: sieved.passed, length: end - at }
    } else {
      const known = sieved?.itemEnd(at)
      end = known ?? Math.min(scan.run(text, at), to)
      const item = text.slice(at, end)
      const bad = known === undefined ? badByScan(scan) : undefined
      if (isArray) yield* arrayItem(item, index, bad, options, level)
      else yield listItem(item, index, bad ?? parsed?.[index] ?? parseText(item), options)
      sieved?.parsed(end - at)
    }
    if (text[end] !== ',') {
      if (end < to) yield* afterList(text, from, end, index + 1)
      return
    }
    at = end + 1
  }
}

/** The list ends before the bracket that was taken for its end: its object has more members, or it is broken. */
function* afterList(text: string, from: number, end: number, index: number): Generator<Item, void> {
  const length = text.length - end
  if (from + length > MAX_ENVELOPE) yield { problem: at(index, ENVELOPE), length }
  else {
    const envelope = text.slice(0, from) + text.slice(end)
    const rest = parseText(envelope)
    if (rest instanceof Bad) yield { problem: at(index, rest.problem), length }
    else if (findList(envelope, 'items', false)?.from !== from)
      yield { problem: at(index, { cause: 'bad-json', message: '"items" occurs twice' }), length }
  }
}

/** An item of an EventList, which needs no `kind`. */
function listItem(text: string, index: number, root: Json | Bad, options: ParseOptions): Item {
  const { length } = text
  if (root instanceof Bad) return { problem: at(index, root.problem), length }
  if (isObject(root)) return { event: new AuditEvent(root, text, options.maxEventSize), length }
  const reason = reasonAgainst(root, options.strict ?? false)!
  return { problem: at(index, { cause: 'not-an-event', message: reason }), length }
}

/** An item of an array: an event, or a list again. */
function* arrayItem(
  text: string,
  index: number,
  bad: Bad | undefined,
  options: ReadOptions,
  level: number,
): Generator<Item, void> {
  // Short text, too: each level is a frame of the stack.
  const tooDeep = level + 1 >= MAX_LISTS && looksLikeList(text)
  const against = tooDeep ? new Bad('too-deep', `lists in more than ${MAX_LISTS} lists`) : bad
  if (against) return yield { problem: at(index, against.problem), length: text.length }
  for (const item of itemsOf(text, options, level + 1)) {
    if (item.passed !== undefined || item.event) yield item
    else {
      const inner = item.problem.index !== undefined
      yield { ...item, problem: inner ? { ...item.problem, index } : at(index, item.problem) }
    }
  }
}

const at = (index: number, { cause, message }: AuditProblem): AuditProblem => ({
  cause,
  message: `item ${index}: ${message}`,
  index,
})

class Bad {
  readonly problem: AuditProblem

  constructor(cause: AuditProblemCause, message: string) {
    this.problem = { cause, message }
  }
}

/** Before parsing: a deep or wide tree costs hundreds of bytes of memory per byte of text. */
function badByScan({ depth, values }: ValueScan): Bad | undefined {
  if (depth > MAX_DEPTH) return new Bad('too-deep', `nested deeper than ${MAX_DEPTH} levels`)
  return values > MAX_VALUES ? new Bad('too-large', `more than ${MAX_VALUES} values`) : undefined
}

function parseOne(text: string): Json | Bad {
  const scan = new ValueScan()
  if (text.length > SHORT) scan.run(text, 0)
  return badByScan(scan) ?? parseText(text)
}

function parseText(text: string): Json | Bad {
  try {
    return JSON.parse(text)
  } catch (error) {
    return new Bad('bad-json', (error as Error).message)
  }
}

/** Why a value is not a single audit event; undefined: it is one. */
function reasonAgainst(value: Json, strict: boolean): string | undefined {
  if (!isObject(value)) return `${kindOf(value)} is not an audit event`
  const kind = value.kind
  if (kind === 'Event') return undefined
  if (kind === 'EventList') return 'an EventList needs an array of items'
  if (kind !== undefined && (strict || typeof kind === 'string')) return `kind ${shown(kind)} is not an audit event`
  if (strict && !Object.hasOwn(value, 'auditID')) return 'an object with neither kind nor auditID is not an audit event'
  return undefined
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

function shown(kind: Json): string {
  return typeof kind === 'string' ? JSON.stringify(kind.slice(0, 40)) : `of type ${kindOf(kind).replace(/^a /, '')}`
}
