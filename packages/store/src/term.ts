/**
 * The words of the index that stand for the values of an alert: one for each pair of a name and a value. A search looks only at alerts
 * that have the words of its condition, and decides by their contents. So a word may say less than a pair does (names are
 * hashed, long values cut), but no alert may lack a word that a search relies on.
 */
import type { AlertData, Scalar, Value } from '@falc/engine'
import { parseAddress, printAddress } from '@falc/engine/analysis'

/** Bytes of a value that its word has. */
const CUT = 24

/** The word for a name and a value. */
export function term(name: string, value: string): string {
  return `${hash(name)}x${Buffer.from(value.length > CUT ? value.slice(0, CUT) : value)
    .subarray(0, CUT)
    .toString('hex')}`
}

/** As a query: any value that begins with this one. */
export function termsFrom(name: string, value: string): string {
  return Buffer.byteLength(value) < CUT ? `${term(name, value)}*` : term(name, value)
}

/** All words of an alert. */
export function termsOf(alert: AlertData): string {
  const words = [
    term('alert.rule', alert.rule),
    term('alert.priority', alert.priority),
    term('alert.source', alert.source),
    ...alert.tags.map(tag => term('alert.tags', tag)),
  ]
  if (alert.hostname !== undefined) words.push(term('alert.hostname', alert.hostname))
  for (const [name, value] of Object.entries(alert.output_fields)) addTerms(name, value, words)
  return words.join(' ')
}

/** Falco's fields of the event's time: no two alerts have the same, and alerts have a column for it. */
const TIMES = /^evt\.(?:raw|date)?time(?:\.|$)/

function addTerms(name: string, value: Value | null, words: string[]): void {
  if (value === null || TIMES.test(name)) return
  if (Array.isArray(value)) {
    words.push(term(name, `(${value.join(',')})`))
    for (const element of value as readonly Scalar[]) addScalar(name, element, words)
  } else addScalar(name, value as Scalar, words)
}

function addScalar(name: string, value: Scalar, words: string[]): void {
  const text = String(value)
  words.push(term(name, text))
  if (typeof value !== 'string') return
  const number = numberIn(text)
  if (number !== undefined && number !== text) words.push(term(name, number))
  for (const [word] of text.matchAll(ADDRESSES)) {
    const bytes = parseAddress(word)
    const address = bytes && printAddress(bytes)
    if (address !== undefined && address !== text) words.push(term(name, address))
  }
}

/** Fields of several values are printed with blanks between them. */
const ADDRESSES = /(?<![^ ])[0-9a-fA-F]*[:.][0-9a-fA-F:.]{1,44}(?![^ ])/g

/** A text as the number that it is where a field is a number. */
function numberIn(text: string): string | undefined {
  if (/^-?\d{1,20}$/.test(text)) return String(BigInt(text))
  return /^-?\d+\.\d+(?:e[+-]?\d+)?$/i.test(text) ? String(Number(text)) : undefined
}

/** FNV-1a, 32 bits, in base 36: a collision makes a search look at more alerts, no more. */
function hash(name: string): string {
  let word = HASHES.get(name)
  if (word !== undefined) return word
  let bits = 0x811c9dc5
  for (const byte of Buffer.from(name)) bits = Math.imul(bits ^ byte, 0x01000193)
  word = (bits >>> 0).toString(36)
  // Senders choose names: they do not stay.
  if (HASHES.size >= 4096) HASHES.clear()
  HASHES.set(name, word)
  return word
}

const HASHES = new Map<string, string>()
