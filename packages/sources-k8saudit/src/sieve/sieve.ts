import type { EventSieve } from '@falc/engine'
import { AuditEvent } from '../event.ts'
import { earlyPointer } from '../fields/early.ts'
import { parseTime } from '../time.ts'
import { EventScan } from './scan.ts'
import { digitsEnd } from './syntax.ts'
import { NONE, PairTable, ValueTable } from './tables.ts'

/** What every event that is passed over has to have: it says that it is one, and has an ordinary time. */
const KIND = 0
const AUDIT_ID = 1
const TIME = 2
const REQUIRED = ['/kind', '/auditID', '/stageTimestamp']

const EVENT = new TextEncoder().encode('"Event"')

/** Values of one field, and combinations of values, that are remembered. */
const VALUES = 8192
const COMBINATIONS = 32768

/** After so many events it is seen whether passing over pays. */
const TRIAL = 64
/** It does not if less than one in so many is passed over. */
const WORTH = 4
/** Bytes for which events are then parsed without a look, at first and at most. */
const REST = 1 << 18
const MAX_REST = 1 << 23

/** Numbers of values below this are packed, so many to a word. */
const SMALL = 64
const DIGITS = 5
const MAX_FIELDS = 16

/** Longer events might hold too many values; whether they do is for the parser to say. */
const MAX_LENGTH = 1 << 20

const SIEVES = new WeakMap<EventSieve<AuditEvent>, AuditSieve>()

/** What is known of a combination of values; 0 = nothing. */
const PASSED = 1
const WANTED = 2

/**
 * Finds the events that no rule can match, without parsing them. It reads the bytes of an event to their end, and looks up what the
 * rules make of its values. So nothing is passed over that is not a whole and valid event, nor because of what other events are like.
 */
export class AuditSieve {
  readonly #rules: EventSieve<AuditEvent>
  readonly #scan: EventScan
  readonly #values: readonly ValueTable[]
  readonly #pairs = new PairTable(COMBINATIONS)
  readonly #verdicts = new Uint8Array(COMBINATIONS + 1)
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #hour = new Uint8Array(HOUR)
  #tried = 0
  #passed = 0
  #resting = 0
  #nextRest = REST

  /** The same for the same rules: what was found out in one file is true in the next. */
  static of(rules: EventSieve<AuditEvent> | undefined): AuditSieve | undefined {
    const known = rules && SIEVES.get(rules)
    if (rules === undefined || known) return known
    const sieve = new AuditSieve(rules)
    SIEVES.set(rules, sieve)
    return sieve
  }

  private constructor(rules: EventSieve<AuditEvent>) {
    this.#rules = rules
    const pointers = new Set(rules.fields.map(({ name, arg }) => earlyPointer(name, arg)!))
    this.#scan = new EventScan([...REQUIRED, ...pointers])
    this.#values = Array.from(pointers, () => new ValueTable(VALUES))
  }

  /** Bytes that are to be parsed without a look: few events were passed over lately, so that looking costs more than it saves. */
  get resting(): number {
    return this.#resting
  }

  rested(bytes: number): void {
    this.#resting = Math.max(0, this.#resting - bytes)
  }

  /**
   * Returns where the event that begins at `at` ends, if no rule can match it; -1: it has to be parsed.
   * @param bytes end with one below a space
   * @param inList an item of an EventList needs no kind
   */
  pass(bytes: Uint8Array, at: number, inList: boolean): number {
    const end = this.#end(bytes, at, inList)
    if (end >= 0) this.#passed++
    if (++this.#tried === TRIAL) this.#judge()
    return end
  }

  #end(b: Uint8Array, at: number, inList: boolean): number {
    const scan = this.#scan
    const end = scan.run(b, at)
    if (
      end < 0 ||
      end - at > MAX_LENGTH ||
      !scan.has(AUDIT_ID) ||
      !(inList || this.#isEvent(b)) ||
      !this.#isOrdinaryTime(b)
    )
      return -1
    const combination = this.#combination(b)
    if (combination === NONE) {
      this.#forget()
      return -1
    }
    const verdict = (this.#verdicts[combination] ||= this.#ask(b, at, end))
    return verdict === PASSED ? end : -1
  }

  /** The number of the values that the scan has found. Small numbers of several fields are looked up as one. */
  #combination(b: Uint8Array): number {
    const scan = this.#scan
    const values = this.#values
    const pairs = this.#pairs
    let combination = 0
    let word = 0
    let digits = 0
    for (let i = 0; i < values.length && combination !== NONE; i++) {
      const note = i + REQUIRED.length
      const value = scan.has(note) ? values[i]!.number(b, scan.starts[note]!, scan.ends[note]!) : 0
      if (value === NONE) return NONE
      // A large one says which field it is of, so that the others are known, too.
      if (value >= SMALL) combination = pairs.number(combination, -(value * MAX_FIELDS + i))
      else {
        word = word * SMALL + value
        if (++digits === DIGITS) {
          combination = pairs.number(combination, word)
          word = 0
          digits = 0
        }
      }
    }
    return digits === 0 || combination === NONE ? combination : pairs.number(combination, word)
  }

  /** What the rules make of values that were not seen together before. */
  #ask(b: Uint8Array, at: number, end: number): number {
    const text = this.#utf8.decode(b.subarray(at, end))
    return this.#rules.mayMatch(new AuditEvent(JSON.parse(text), text)) ? WANTED : PASSED
  }

  #isEvent(b: Uint8Array): boolean {
    const start = this.#scan.starts[KIND]!
    if (!this.#scan.has(KIND) || this.#scan.ends[KIND] !== start + EVENT.length) return false
    for (let i = 0; i < EVENT.length; i++) if (b[start + i] !== EVENT[i]) return false
    return true
  }

  /** A time of the years 2000 to 2099 in UTC, as the API server writes it: `"2026-03-17T09:41:02.500000Z"`. */
  #isOrdinaryTime(b: Uint8Array): boolean {
    if (!this.#scan.has(TIME)) return false
    const start = this.#scan.starts[TIME]!
    const end = this.#scan.ends[TIME]!
    const hour = this.#hour
    for (let i = 0; i < HOUR; i++)
      if (hour[i] !== b[start + i]) {
        if (!isHour(b.subarray(start, Math.min(end, start + HOUR)))) return false
        hour.set(b.subarray(start, start + HOUR))
        break
      }
    let i = start + HOUR
    if (!isSixtieth(b, i) || !isSixtieth(b, i + 3)) return false
    i += 6
    if (b[i] === 0x2e) {
      const from = i + 1
      i = digitsEnd(b, from)
      if (i === from) return false
    }
    return b[i] === 0x5a && i + 2 === end
  }

  #forget(): void {
    for (const table of this.#values) table.clear()
    this.#pairs.clear()
    this.#verdicts.fill(0)
  }

  #judge(): void {
    if (this.#passed * WORTH >= TRIAL) this.#nextRest = REST
    else {
      this.#resting = this.#nextRest
      this.#nextRest = Math.min(MAX_REST, 2 * this.#nextRest)
    }
    this.#tried = 0
    this.#passed = 0
  }
}

/** The items of a text of ASCII alone, whose bytes are at the same places. */
export class SievedText {
  readonly #sieve: () => AuditSieve | undefined
  readonly #bytes: Uint8Array
  readonly #inList: boolean

  /** undefined: there is no sieve, or the text has other characters */
  static of(text: string, sieve: () => AuditSieve | undefined, inList: boolean): SievedText | undefined {
    if (sieve() === undefined) return undefined
    const bytes = new Uint8Array(text.length + 1)
    const { read, written } = new TextEncoder().encodeInto(text, bytes.subarray(0, text.length))
    return read === written && read === text.length ? new SievedText(sieve, bytes, inList) : undefined
  }

  private constructor(sieve: () => AuditSieve | undefined, bytes: Uint8Array, inList: boolean) {
    this.#sieve = sieve
    this.#bytes = bytes
    this.#inList = inList
  }

  /** Returns where the item at `at` ends, if no rule can match it; -1: it has to be parsed. */
  pass(at: number): number {
    const sieve = this.#sieve()
    return sieve === undefined || sieve.resting > 0 ? -1 : sieve.pass(this.#bytes, at, this.#inList)
  }

  parsed(length: number): void {
    this.#sieve()?.rested(length)
  }
}

/** Bytes of `"2026-03-17T09`. */
const HOUR = 14

function isHour(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes)
  return /^"20\d\d-\d\d-\d\dT\d\d$/.test(text) && parseTime(`${text.slice(1)}:00:00Z`) !== undefined
}

/** Whether these are a colon and a number below 60. */
function isSixtieth(b: Uint8Array, i: number): boolean {
  return b[i] === 0x3a && b[i + 1]! >= 0x30 && b[i + 1]! <= 0x35 && b[i + 2]! >= 0x30 && b[i + 2]! <= 0x39
}
