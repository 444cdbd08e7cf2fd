/**
 * The index words for the values of an alert, one for each pair of a name and a value. A search reads only alerts with the words of its
 * condition, and then checks their contents. So a word may be less precise than its pair (names are hashed, long values cut), but no alert
 * may lack a word that a search relies on.
 */
import type { AlertData, Priority, Scalar } from '@falc/engine'
import { parseAddress, printAddress, withoutPrefix } from '@falc/engine/analysis'

/** The number of a value's characters in its word. */
export const CUT = 32

/** Each word of an alert is on a line of its own; to SQLite, characters other than these separate words. */
export const TOKENIZER = `ascii tokenchars ${quoted(' \x7f!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~')}`

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** As a query: alerts that have this value under this name. ASCII letters match in either case. */
export function term(name: string, value: string): string {
  return `"${wordOf(beginOf(name), value).replaceAll('"', '""')}"`
}

/** As a query: any value that begins with this one. */
export function termsFrom(name: string, value: string): string {
  return value.length < CUT ? `${term(name, value)}*` : term(name, value)
}

const SEPARATORS = /[\0-\x1f]/g

function wordOf(begin: string, value: string): string {
  return plainWordOf(begin, value).replace(SEPARATORS, ' ')
}

/** The word of a value without control characters. */
function plainWordOf(begin: string, value: string): string {
  return begin + (value.length > CUT ? value.slice(0, CUT) : value)
}

/** The parsed JSON of an alert. */
export interface Body {
  readonly id: string
  readonly rule: string
  readonly priority: Priority
  readonly source: string
  readonly tags: readonly string[]
  readonly output: string
  readonly message?: string
  readonly hostname?: string
  /** Numbers beyond 2^53 are rounded. */
  readonly output_fields: AlertData['output_fields']
}

/** What people search for in words. */
export function wordsOf({ rule, output, priority, message }: Body): string {
  return `${rule} ${message ?? withoutPrefix(output, priority)}`
}

/** The words of what many alerts have in common. */
export function commonTermsOf({
  rule,
  priority,
  source,
  hostname,
}: Pick<Body, 'rule' | 'priority' | 'source' | 'hostname'>): string {
  const words = `${wordOf(RULE, rule)}\n${wordOf(PRIORITY, priority)}\n${wordOf(SOURCE, source)}`
  return hostname === undefined ? words : `${words}\n${wordOf(HOSTNAME, hostname)}`
}

/** The words of an alert's values. @param json what `body` is parsed from @param common see `commonTermsOf` */
export function termsOf(body: Body, json: string, common = commonTermsOf(body)): string {
  // Without a backslash there are no control characters.
  const word = json.includes('\\') ? wordOf : plainWordOf
  const { tags, output_fields } = body
  let words = `${word(ID, body.id)}\n${common}`
  for (const tag of tags) words += `\n${word(TAGS, tag)}`
  for (const name in output_fields) {
    const value = output_fields[name]!
    if (value === null || !isIndexed(name)) continue
    const begin = beginOf(name)
    if (Array.isArray(value)) words += `\n${word(begin, `(${value.join(',')})`)}`
    for (const one of Array.isArray(value) ? value : [value as Scalar]) {
      words += `\n${word(begin, String(one))}`
      if (typeof one === 'string') for (const text of otherForms(one)) words += `\n${word(begin, text)}`
    }
  }
  return words
}

/** A text as fields of other types than text print it. */
export function otherForms(text: string): readonly string[] {
  if (text.length > MAX_FORM) return formsOf(text)
  let forms = FORMS.get(text)
  if (forms === undefined) {
    forms = formsOf(text)
    if (FORMS.size >= 4096) FORMS.clear()
    FORMS.set(text, forms)
  }
  return forms
}

/** Those of addresses and container IDs, which are the same in many alerts. */
const FORMS = new Map<string, readonly string[]>()
const MAX_FORM = 48

function formsOf(text: string): readonly string[] {
  const forms: string[] = []
  const first = text.charCodeAt(0)
  const number = first === MINUS || (first >= ZERO && first <= NINE) ? numberIn(text) : undefined
  if (number !== undefined && number !== text) forms.push(number)
  // Fields of several values are printed with blanks between them.
  if (ADDRESSES.test(text))
    for (const part of text.split(' ')) {
      const address = ADDRESS.test(part) ? usual(part) : undefined
      if (address !== undefined && address !== text) forms.push(address)
    }
  return forms
}

const [MINUS, ZERO, NINE] = [45, 48, 57]

function numberIn(text: string): string | undefined {
  if (text.length > 40) return undefined
  if (/^-?\d{1,20}$/.test(text)) return String(BigInt(text))
  return /^-?\d+\.\d+(?:e[+-]?\d+)?$/i.test(text) ? String(Number(text)) : undefined
}

const ADDRESS = /^[0-9a-fA-F:.]{2,45}$/
/** A text that has one. */
const ADDRESSES = /(?:^| )[0-9a-fA-F:.]{2,45}(?: |$)/

/** An address in its usual form. */
function usual(text: string): string | undefined {
  if (/^(?:(?:[1-9]?\d|1\d\d|2[0-4]\d|25[0-5])(?:\.|$)){4}(?<=\d)$/.test(text)) return text
  const bytes = parseAddress(text)
  return bytes && printAddress(bytes)
}

/** Falco's fields of the event's time have no words: no two alerts have the same, and alerts have a column for it. */
export function isIndexed(name: string): boolean {
  return !(name.startsWith('evt.') && /^evt\.(?:raw|date)?time(?:\.|$)/.test(name))
}

/** How the words of a name begin. FNV-1a, 32 bits, in base 36: a collision makes a search look at more alerts, no more. */
function beginOf(name: string): string {
  let begin = BEGINS.get(name)
  if (begin !== undefined) return begin
  let hash = FNV_BASIS
  for (const byte of Buffer.from(name)) hash = hashed(hash, byte)
  begin = beginOfHash(hash)
  // Senders choose names: they do not stay.
  if (BEGINS.size >= 4096) BEGINS.clear()
  BEGINS.set(name, begin)
  return begin
}

const BEGINS = new Map<string, string>()

export const FNV_BASIS = 0x811c9dc5

/** The hash of a name and one more byte. */
export const hashed = (hash: number, byte: number) => Math.imul(hash ^ byte, 0x01000193)

export const beginOfHash = (hash: number) => `${(hash >>> 0).toString(36)}x`

export const [ID, RULE, PRIORITY, SOURCE, TAGS, HOSTNAME] = [
  'id',
  'rule',
  'priority',
  'source',
  'tags',
  'hostname',
].map(name => beginOf(`alert.${name}`)) as [string, string, string, string, string, string]
