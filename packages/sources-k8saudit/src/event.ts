import { cutToSize } from './json/cut.ts'
import { JsonDocument, parseExactly } from './json/document.ts'
import { isObject, type Json, type JsonObject } from './json/json.ts'
import { type Moment, nsText, parseTime, toNs } from './time.ts'

/** Falco's maxEventSize, in bytes. */
export const MAX_EVENT_SIZE = 262_144

/** Who knows the pods of a cluster: `Directory` of @falc/kubernetes. */
export interface PodFinder {
  /** Pods can be described: unknown ones do not exist. */
  readonly podsSynced: boolean
  find(uid: string): { readonly description: object } | undefined
  findNamed(namespace: string, name: string): { readonly description: object } | undefined
}

/** One audit event, parsed once. Its fields are read by the source's fields (fields/). */
export class AuditEvent {
  /** The event as JSON.parse reads it. */
  readonly document: JsonDocument
  /** Whether it is an audit event at all: without auditID every `ka.*` field is absent. */
  readonly isAudit: boolean
  /** Its number among the events of its input, from 1; undefined: it came from none. */
  number: number | undefined = undefined
  /** The directory of the pods that it names; undefined: they are not looked up. */
  pods: PodFinder | undefined = undefined
  readonly #text: string | undefined
  readonly #maxPrinted: number
  #exact: JsonDocument | undefined
  #moment: Moment | undefined

  /**
   * @param text the JSON text that `root` was parsed from; without it, numbers print as JavaScript prints them
   * @param maxPrinted bytes of `printed`, at most
   */
  constructor(root: JsonObject, text?: string, maxPrinted = MAX_EVENT_SIZE) {
    this.document = new JsonDocument(root, text === undefined)
    this.isAudit = Object.hasOwn(root, 'auditID')
    this.#text = text
    this.#maxPrinted = maxPrinted
    this.#exact = undefined
    this.#moment = undefined
  }

  /** The event as JSON. */
  get root(): JsonObject {
    return this.document.root
  }

  /** The event with every number's own digits, for the few fields that need them. */
  get exact(): JsonDocument {
    this.#exact ??= this.#readExactly()
    return this.#exact
  }

  #readExactly(): JsonDocument {
    const root = this.#text === undefined ? this.root : parseExactly(this.#text)
    return new JsonDocument(isObject(root) ? root : this.root, true)
  }

  /** Nanoseconds since 1970: when the stage was reached, else when the request was received, else the time of the first call. */
  get time(): bigint {
    return toNs(this.#at())
  }

  /** As `time`, as decimal digits. */
  get timeText(): string {
    return nsText(this.#at())
  }

  #at(): Moment {
    this.#moment ??= this.#written() ?? {
      seconds: Math.floor(Date.now() / 1000),
      nanos: (Date.now() % 1000) * 1_000_000,
    }
    return this.#moment
  }

  #written(): Moment | undefined {
    const { stageTimestamp, requestReceivedTimestamp, timestamp } = this.root
    return momentOf(stageTimestamp) ?? momentOf(requestReceivedTimestamp) ?? momentOf(timestamp)
  }

  /**
   * The event as compact JSON for people and logs: an event larger than the limit keeps its small values, and each large
   * one is replaced by its size (`<cut: 123456 bytes>`). Fields always read the whole event.
   */
  printed(): string {
    const whole = JSON.stringify(this.root)
    if (whole.length <= this.#maxPrinted) return whole
    const copy = JSON.parse(whole)
    cutToSize(copy, this.#maxPrinted)
    return JSON.stringify(copy)
  }
}

function momentOf(value: Json | undefined): Moment | undefined {
  return typeof value === 'string' ? parseTime(value) : undefined
}
