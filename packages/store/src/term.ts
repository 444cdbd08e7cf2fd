/**
 * The words of the index that stand for the values of an alert: one for each pair of a name and a value. A search looks only at alerts
 * that have the words of its condition, and decides by their contents. So a word may say less than a pair does (names are
 * hashed, long values cut), but no alert may lack a word that a search relies on.
 */
import type { AlertData, Priority, Scalar, Value } from '@falc/engine'
import { parseAddress, printAddress, withoutPrefix } from '@falc/engine/analysis'

/** Characters of a value that its word has. */
const CUT = 32

/** The word for a name and a value. Case and punctuation are lost: a word is letters and digits. */
export function term(name: string, value: string): string {
  return `${hash(name)}x${value.slice(0, CUT).replace(OTHERS, 'z')}`
}

const OTHERS = /[^a-zA-Z0-9]/g

/** As a query: any value that begins with this one. */
export function termsFrom(name: string, value: string): string {
  return value.length < CUT ? `${term(name, value)}*` : term(name, value)
}

/** An alert, or its JSON. */
export interface Body extends Pick<AlertData, 'id' | 'rule' | 'source' | 'tags' | 'output' | 'hostname'> {
  readonly priority: Priority
  readonly message?: string
  /** Numbers beyond 2^53 are rounded in parsed JSON. */
  readonly output_fields: AlertData['output_fields']
}

/** What the indexes have of an alert: what people search for in words, and the words of its values. */
export function indexed(alert: Body): { readonly text: string; readonly terms: string } {
  const { rule, priority, output } = alert
  return { text: `${rule} ${alert.message ?? withoutPrefix(output, priority)}`, terms: termsOf(alert) }
}

/** All words of an alert. */
function termsOf(alert: Body): string {
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
  if (Array.isArray(value) || value instanceof Uint8Array) {
    words.push(term(name, `(${value.join(',')})`))
    for (const element of value as Iterable<Scalar>) addScalar(name, element, words)
  } else addScalar(name, value as Scalar, words)
}

function addScalar(name: string, value: Scalar, words: string[]): void {
  const text = String(value)
  words.push(term(name, text))
  if (typeof value !== 'string') return
  const number = numberIn(text)
  if (number !== undefined && number !== text) words.push(term(name, number))
  if (!text.includes('.') && !text.includes(':')) return
  // Fields of several values are printed with blanks between them.
  for (const part of text.includes(' ') ? text.split(' ') : [text]) {
    const bytes = ADDRESS.test(part) ? parseAddress(part) : undefined
    const address = bytes && printAddress(bytes)
    if (address !== undefined && address !== text) words.push(term(name, address))
  }
}

const ADDRESS = /^[0-9a-fA-F:.]{2,45}$/

/** A text as the number that it is where a field is a number. */
function numberIn(text: string): string | undefined {
  if (text.length > 40 || !/^-?\d/.test(text)) return undefined
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
