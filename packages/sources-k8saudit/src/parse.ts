import { AuditEvent, type Origin } from './event.ts'
import { cutToSize } from './json/cut.ts'
import { isTooDeep, MAX_DEPTH } from './json/depth.ts'
import { isObject, type Json, type JsonObject } from './json/json.ts'
import { parseExactly } from './json/text.ts'
import { AuditError, type AuditProblem, type AuditProblemCause } from './problem.ts'

export interface AuditBody {
  readonly events: AuditEvent[]
  /** What was left out, and why. */
  readonly problems: AuditProblem[]
}

export interface ParseOptions {
  /** Larger events are cut, value by value, until they are no larger. Default: nothing is cut. */
  readonly maxEventSize?: number
  /** Take only what says that it is an audit event: `kind: Event`, or without a kind an `auditID`. Default: any JSON object. */
  readonly strict?: boolean
}

/**
 * The events of one JSON text: an Event, an EventList, or an array of these. Bad events of a list are left out and given
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
  // Before parsing: a deep tree costs hundreds of bytes of memory per byte of text.
  if (isTooDeep(text)) return failed('too-deep', `nested deeper than ${MAX_DEPTH} levels`)
  let root: Json
  try {
    root = JSON.parse(text)
  } catch (error) {
    return failed('bad-json', (error as Error).message)
  }
  const strict = options.strict ?? false
  const origin = new TextOrigin(text, strict)
  const problems: AuditProblem[] = []
  const items = itemsOf(root, strict, problems)
  const maxSize = options.maxEventSize ?? Number.POSITIVE_INFINITY
  const events = new Array<AuditEvent>(items.length)
  for (let i = 0; i < items.length; i++) {
    const cuts = text.length > maxSize ? cutToSize(items[i]!, maxSize) : 0
    events[i] = new AuditEvent(items[i]!, cuts > 0 ? undefined : origin, i, cuts)
  }
  return { events, problems }
}

function failed(cause: AuditProblemCause, message: string): AuditBody {
  return { events: [], problems: [{ cause, message }] }
}

class TextOrigin implements Origin {
  readonly text: string
  private readonly strict: boolean
  private exact: readonly Json[] | undefined = undefined

  constructor(text: string, strict: boolean) {
    this.text = text
    this.strict = strict
  }

  exactItems(): readonly Json[] {
    this.exact ??= itemsOf(parseExactly(this.text), this.strict, [])
    return this.exact
  }
}

/** The single events of a body, in order; what is none is reported by its position in the list. */
function itemsOf(root: Json, strict: boolean, problems: AuditProblem[]): JsonObject[] {
  const reason = reasonAgainst(root, strict)
  if (reason === undefined) return [root as JsonObject]
  const list = listOf(root)
  if (!list) {
    problems.push({ cause: 'not-an-event', message: reason })
    return []
  }
  const items: JsonObject[] = []
  for (let index = 0; index < list.length; index++) {
    const item = list[index]!
    // The items of an EventList have no kind of their own; an array may hold lists again.
    if (!Array.isArray(root) && isObject(item)) items.push(item)
    else if (Array.isArray(root) && listOf(item)) {
      const inner: AuditProblem[] = []
      for (const one of itemsOf(item, strict, inner)) items.push(one)
      for (const { cause, message, count = 1 } of inner) add(problems, { cause, message, index, count })
    } else {
      const against = reasonAgainst(item, strict)
      if (against === undefined) items.push(item as JsonObject)
      else add(problems, { cause: 'not-an-event', message: `item ${index}: ${against}`, index })
    }
  }
  return items
}

/** One body has no more problems than these one by one; the last stands for all further ones. */
const MAX_PROBLEMS = 100

function add(problems: AuditProblem[], problem: AuditProblem): void {
  const last = problems.at(-1)
  if (problems.length < MAX_PROBLEMS || !last) problems.push(problem)
  else {
    const count = (last.count ?? 1) + (problem.count ?? 1)
    problems[problems.length - 1] = { cause: problem.cause, message: `${count} more items are not audit events`, count }
  }
}

function listOf(root: Json): readonly Json[] | undefined {
  if (Array.isArray(root)) return root
  if (!isObject(root) || root.kind !== 'EventList') return undefined
  if (root.items === null) return []
  return Array.isArray(root.items) ? root.items : undefined
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
