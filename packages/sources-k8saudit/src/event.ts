import { isObject, type Json, type JsonObject } from './json/json.ts'
import { type Moment, nsText, parseTime, toNs } from './time.ts'

/** Where an event was read from: the JSON text of a body, and which of the body's events it is. */
export interface Origin {
  readonly text: string
  /** The body's events with exact numbers (see json/text.ts); the first caller pays for all of them. */
  exactItems(): readonly Json[]
}

let lastSeq = 0

/** One audit event, parsed once. Its fields are read by the source's fields (fields/). */
export class AuditEvent {
  /** Identifies the event to caches; never 0, never used twice. */
  seq: number
  /** The event as JSON. */
  root: JsonObject
  /** Whether it is an audit event at all: without auditID every `ka.*` field is absent. */
  readonly isAudit: boolean
  /** How many values were replaced because the event was too large. */
  readonly cuts: number
  /** Set while a field is read: a number's digits may have been lost. */
  inexact: boolean
  private readonly origin: Origin | undefined
  private readonly index: number
  private moment: Moment | undefined

  constructor(root: JsonObject, origin?: Origin, index = 0, cuts = 0) {
    this.seq = ++lastSeq
    this.root = root
    this.isAudit = Object.hasOwn(root, 'auditID')
    this.cuts = cuts
    this.inexact = false
    this.origin = origin
    this.index = index
    this.moment = undefined
  }

  /** Nanoseconds since 1970: when the stage was reached, else when the request was received, else when it is first asked for. */
  get time(): bigint {
    return toNs(this.at())
  }

  /** As `time`, as decimal digits. */
  get timeText(): string {
    return nsText(this.at())
  }

  private at(): Moment {
    this.moment ??= this.written() ?? { seconds: Math.floor(Date.now() / 1000), nanos: (Date.now() % 1000) * 1_000_000 }
    return this.moment
  }

  private written(): Moment | undefined {
    const { stageTimestamp, requestReceivedTimestamp, timestamp } = this.root
    return momentOf(stageTimestamp) ?? momentOf(requestReceivedTimestamp) ?? momentOf(timestamp)
  }

  /** Reads the event again with every number's own digits, so that what reads it next finds them. False: they are gone. */
  makeExact(): boolean {
    this.inexact = false
    const root = this.origin?.exactItems()[this.index]
    if (root === this.root || !isObject(root)) return false
    this.root = root
    this.seq = ++lastSeq
    return true
  }
}

function momentOf(value: Json | undefined): Moment | undefined {
  return typeof value === 'string' ? parseTime(value) : undefined
}
