import type { EventSieve } from '@falc/engine'
import { AuditEvent } from '../event.ts'
import { earlyPointer } from '../fields/early.ts'
import { EventScan, Found } from './scan.ts'

/** Required of every event that is skipped: the kind of an audit event, and an ordinary timestamp. */
const REQUIRED = ['/kind', '/auditID', '/stageTimestamp']

/** Events after which it is checked whether passing over pays. */
const TRIAL = 64
/** It does not if fewer than one in this many is passed over. */
const WORTH = 4
/** Bytes for which events are then parsed without a look, at first and at most. */
const REST = 1 << 18
const MAX_REST = 1 << 23

/** Bytes before the end of the scan's window: a value that begins there is scanned again, in its own window. */
const EDGE = 1 << 14

/** Where none say what can be passed over, the ends of items are all that is asked for. */
const NO_RULES: EventSieve<AuditEvent> = { fields: [], mayMatch: () => true }

const SIEVES = new WeakMap<EventSieve<AuditEvent>, AuditSieve>()
/** WebAssembly is missing or forbidden: every event is parsed. */
let unavailable = false

/**
 * Finds the events that no rule can match, without parsing them. It reads the bytes of an event to their end, and looks up what the
 * rules make of its values. So nothing is passed over that is not a whole and valid event, nor because of what other events are like.
 */
export class AuditSieve {
  readonly scan: EventScan
  /** Whose bytes `scan` has. */
  owner: SievedBytes | undefined = undefined
  readonly #rules: EventSieve<AuditEvent>
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  #tried = 0
  #passed = 0
  #resting = 0
  #nextRest = REST

  /** The same for the same rules: what was found out in one file is true in the next. */
  static of(rules: EventSieve<AuditEvent> | undefined): AuditSieve | undefined {
    const known = rules && SIEVES.get(rules)
    if (rules === undefined || known || unavailable) return known
    try {
      const sieve = new AuditSieve(rules)
      SIEVES.set(rules, sieve)
      return sieve
    } catch {
      unavailable = true
      return undefined
    }
  }

  private constructor(rules: EventSieve<AuditEvent>) {
    this.#rules = rules
    const pointers = new Set(rules.fields.map(({ name, arg }) => earlyPointer(name, arg)!))
    this.scan = new EventScan([...REQUIRED, ...pointers])
  }

  /** Bytes that are to be parsed without a look: few events were passed over lately, so that looking costs more than it saves. */
  get resting(): number {
    return this.#resting
  }

  rested(bytes: number): void {
    this.#resting = Math.max(0, this.#resting - bytes)
  }

  /** What the rules make of values that were not seen together before. */
  ask(event: Uint8Array | string): void {
    const text = typeof event === 'string' ? event : this.#utf8.decode(event)
    this.scan.learn(this.#rules.mayMatch(new AuditEvent(JSON.parse(text), text)))
  }

  /** The number of scanned events that were passed over. */
  judge(tried: number, passed: number): void {
    this.#tried += tried
    this.#passed += passed
    if (this.#tried < TRIAL) return
    if (this.#passed * WORTH >= this.#tried) this.#nextRest = REST
    else {
      this.#resting = this.#nextRest
      this.#nextRest = Math.min(MAX_REST, 2 * this.#nextRest)
    }
    this.#tried = 0
    this.#passed = 0
  }
}

/** Bytes in which events are passed over: lines, or items of a list. */
export class SievedBytes {
  /** Events that the last call passed over. */
  passed = 0
  readonly #sieve: () => AuditSieve | undefined
  readonly #bytes: Uint8Array | string
  readonly #inList: boolean
  /** The part that the sieve has. */
  #from = 0
  #to = 0
  /** It has it: other characters than ASCII make the bytes of a text be at other places. */
  #loaded = false
  /** The event that a call of `pass` has stopped at, where its end is known. */
  #wantedAt = -1
  #wantedEnd = 0

  /** @param bytes or a text of them @param inList they are items of an EventList, which need no kind */
  constructor(sieve: () => AuditSieve | undefined, bytes: Uint8Array | string, inList: boolean) {
    this.#sieve = sieve
    this.#bytes = bytes
    this.#inList = inList
  }

  /**
   * Passes over the events from `at` that no rule can match. Returns where the next line begins, or where the last item that was passed over ends.
   * An event that is longer than the scan's window, or cut by its end, is not passed over.
   */
  pass(at: number): number {
    this.passed = 0
    const sieve = this.#sieve()
    if (sieve === undefined) return at
    const { scan } = sieve
    for (let next = at; next < this.#bytes.length && sieve.resting === 0; ) {
      if (!this.#load(sieve, next)) break
      const end = this.#from + scan.run(next - this.#from, this.#to - this.#from, this.#inList)
      const { found, passed } = scan
      if (passed > 0) at = end
      this.passed += passed
      sieve.judge(found === Found.wanted ? passed + 1 : passed, passed)
      if (found === Found.unknown) {
        next = this.#from + scan.eventAt
        sieve.ask(this.#part(next, this.#from + scan.eventEnd))
      } else if (found === Found.end && !this.#inList) next = end
      else {
        this.#wantedAt = scan.eventEnd > 0 ? this.#from + scan.eventAt : -1
        this.#wantedEnd = this.#from + scan.eventEnd
        break
      }
    }
    return at
  }

  /**
   * Where the item of a list at `at` ends, which is valid JSON then, at most a hundred deep and no longer than the scan's window.
   * undefined: not decided here; another reader has to.
   */
  itemEnd(at: number): number | undefined {
    const end = at === this.#wantedAt ? this.#wantedEnd : this.#valueEnd(at)
    const isLast = end === this.#bytes.length
    return end > 0 && (isLast || this.#part(end, end + 1) === ',') ? end : undefined
  }

  /** 0: it is not known. */
  #valueEnd(at: number): number {
    const sieve = this.#sieve() ?? AuditSieve.of(NO_RULES)
    if (sieve === undefined) return 0
    const end = this.#endOf(sieve, at)
    // It may go on behind the window. Of a text that is not compact, not every value asks for a window of its own.
    const isCut = end === 0 && this.#to < this.#bytes.length && this.#to - at < EDGE && this.#from < at
    if (!isCut) return end
    sieve.owner = undefined
    return this.#endOf(sieve, at)
  }

  #endOf(sieve: AuditSieve, at: number): number {
    const end = this.#load(sieve, at) ? sieve.scan.endOf(at - this.#from) : 0
    return end === 0 ? 0 : this.#from + end
  }

  /** @returns false: what is at `at` cannot be looked at as bytes */
  #load(sieve: AuditSieve, at: number): boolean {
    if (sieve.owner === this && at >= this.#from && at < this.#to) return this.#loaded
    sieve.owner = this
    this.#from = at
    this.#to = Math.min(at + sieve.scan.size, this.#bytes.length)
    this.#loaded = sieve.scan.load(this.#part(at, this.#to))
    return this.#loaded
  }

  #part(from: number, to: number): Uint8Array | string {
    return typeof this.#bytes === 'string' ? this.#bytes.slice(from, to) : this.#bytes.subarray(from, to)
  }

  parsed(length: number): void {
    this.#sieve()?.rested(length)
  }
}
