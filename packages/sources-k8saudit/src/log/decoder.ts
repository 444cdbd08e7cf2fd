import type { AuditEvent } from '../event.ts'
import { type AuditBody, type ParseOptions, parseAuditBody } from '../parse.ts'
import type { AuditProblem, AuditProblemCause } from '../problem.ts'
import { type AuditStats, countBody, type InputOptions, newStats } from '../stats.ts'
import { DocumentScanner } from './scanner.ts'

export interface DecoderOptions extends InputOptions {
  /** A document larger than this many bytes is left out and counted. Default 64 MiB. */
  readonly maxDocumentSize?: number
}

/** A document over several lines that has not ended yet. */
interface Open {
  readonly line: number
  readonly lines: string[]
  readonly isList: boolean
  readonly scanner: DocumentScanner
  size: number
}

/**
 * Turns the bytes of a log into events. Each line is a JSON document (an Event, an EventList or an array), or documents
 * follow each other over any number of lines (pretty-printed). A bad document is reported and counted, and reading
 * resumes at the next line that begins with a bracket.
 */
export class AuditLogDecoder {
  readonly stats: AuditStats
  readonly #parse: ParseOptions
  readonly #report: ((problem: AuditProblem) => void) | undefined
  readonly #maxSize: number
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  /** The bytes after the last line end. */
  #rest: Uint8Array[] = []
  #restSize = 0
  #line = 0
  #open: Open | undefined = undefined
  /** A document was given up: what follows belongs to it, until a line begins with a bracket. */
  #skipping = false
  /** A line was given up: the bytes up to the next line end belong to it. */
  #skippingLine = false

  constructor(options: DecoderOptions = {}, stats: AuditStats = newStats()) {
    this.stats = stats
    this.#parse = { strict: true, ...(options.maxEventSize !== undefined && { maxEventSize: options.maxEventSize }) }
    this.#report = options.onProblem
    this.#maxSize = options.maxDocumentSize ?? 64 * 1024 * 1024
  }

  /** Bytes taken that are not part of any event yet; undefined inside a document over several lines. */
  get pending(): number | undefined {
    return this.#open ? undefined : this.#restSize
  }

  /** Takes the next bytes, which may end anywhere, and returns the events that are complete. */
  push(chunk: Uint8Array): AuditEvent[] {
    const events: AuditEvent[] = []
    this.stats.bytes += chunk.length
    const end = chunk.lastIndexOf(0x0a)
    if (end < 0) {
      this.#keep(chunk.slice())
      return events
    }
    let start = 0
    if (this.#skippingLine) {
      start = chunk.indexOf(0x0a) + 1
      this.#skippingLine = false
    }
    if (this.#restSize > 0) {
      const first = chunk.indexOf(0x0a)
      this.#keep(chunk.subarray(0, first))
      start = first + 1
      if (!this.#skippingLine) this.#takeLine(this.#takeRest(), events)
      this.#skippingLine = false
    }
    if (start <= end) {
      const text = this.#utf8.decode(chunk.subarray(start, end))
      for (let from = 0; from <= text.length; ) {
        const at = text.indexOf('\n', from)
        const to = at < 0 ? text.length : at
        this.#takeLine(text.slice(from, to), events)
        from = to + 1
      }
    }
    this.#keep(chunk.slice(end + 1))
    return events
  }

  /** The input has ended. The last line may lack a newline. */
  end(): AuditEvent[] {
    const events: AuditEvent[] = []
    if (this.#restSize > 0) this.#takeLine(this.#takeRest(), events)
    if (this.#open) this.#giveUp('bad-json', 'the log ends inside a document')
    this.#skipping = false
    this.#skippingLine = false
    return events
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#skippingLine) return
    this.#rest.push(bytes)
    this.#restSize += bytes.length
    if (this.#restSize <= this.#maxSize) return
    this.#rest = []
    this.#restSize = 0
    this.#skippingLine = true
    this.#line++
    this.#problem('too-large', `a line of more than ${this.#maxSize} bytes`, this.#line)
  }

  #takeRest(): string {
    const bytes = this.#rest.length === 1 ? this.#rest[0]! : joined(this.#rest, this.#restSize)
    this.#rest = []
    this.#restSize = 0
    return this.#utf8.decode(bytes)
  }

  #takeLine(line: string, events: AuditEvent[]): void {
    this.#line++
    // A byte order mark, also where logs were joined.
    if (line.charCodeAt(0) === 0xfeff) line = line.slice(1)
    if (this.#open) this.#continue(this.#open, line, events)
    else this.#beginLine(line, events)
  }

  /** A line that begins outside of any document. */
  #beginLine(line: string, events: AuditEvent[]): void {
    const first = firstCharacter(line)
    if (first < 0) return
    const c = line.charCodeAt(first)
    const bracket = c === 0x7b || c === 0x5b
    if (this.#skipping && !(bracket && first === 0)) return
    this.#skipping = false
    const body = parseAuditBody(line, this.#parse)
    if (bracket && body.problems[0]?.cause === 'bad-json') {
      const end = new DocumentScanner().scan(line, first)
      if (end === -1 || (end >= 0 && firstCharacter(line, end) >= 0)) {
        this.#takeDocuments(line, first, events)
        return
      }
    }
    this.#deliver(body, this.#line, events)
  }

  /** Takes the documents of a line from `at`: several in a row, the last of which may continue on the next line. */
  #takeDocuments(line: string, at: number, events: AuditEvent[]): void {
    while (at >= 0) {
      const scanner = new DocumentScanner()
      const end = scanner.scan(line, at)
      if (end === -1) {
        const rest = line.slice(at)
        this.#open = { line: this.#line, lines: [rest], isList: rest.startsWith('['), scanner, size: rest.length }
        return
      }
      if (end < 0) {
        this.#problem('bad-json', 'text after a document is not another document', this.#line)
        return
      }
      this.#deliver(parseAuditBody(line.slice(at, end), this.#parse), this.#line, events)
      at = firstCharacter(line, end)
    }
  }

  /** A line inside a document. */
  #continue(open: Open, line: string, events: AuditEvent[]): void {
    if (line.charCodeAt(0) === 0x7b && this.#beginsAnew(open, line)) {
      this.#giveUp('bad-json', 'the document is cut off: the next line begins a new one')
      this.#beginLine(line, events)
      return
    }
    const end = open.scanner.scan(line, 0)
    open.size += line.length + 1
    if (end === -2) this.#giveUp('bad-json', `the document is malformed in line ${this.#line}`)
    else if (open.size > this.#maxSize) this.#giveUp('too-large', `a document of more than ${this.#maxSize} bytes`)
    else if (end === -1) open.lines.push(line)
    else {
      this.#open = undefined
      open.lines.push(line.slice(0, end))
      this.#deliver(parseAuditBody(open.lines.join('\n'), this.#parse), open.line, events)
      this.#takeDocuments(line, firstCharacter(line, end), events)
    }
  }

  /** Whether an unindented `{` begins a new event after one that was cut off, rather than continuing the open document. */
  #beginsAnew(open: Open, line: string): boolean {
    if (!open.scanner.wantsValue) return true
    if (open.isList && open.scanner.atTop) return false
    const { events, problems } = parseAuditBody(line, this.#parse)
    return events.length > 0 && problems.length === 0
  }

  #giveUp(cause: AuditProblemCause, message: string): void {
    this.#problem(cause, message, this.#open!.line)
    this.#open = undefined
    this.#skipping = true
  }

  #deliver(body: AuditBody, line: number, events: AuditEvent[]): void {
    countBody(this.stats, body)
    for (const event of body.events) events.push(event)
    if (this.#report) for (const problem of body.problems) this.#report({ ...problem, line })
  }

  #problem(cause: AuditProblemCause, message: string, line: number): void {
    this.stats.rejected[cause]++
    this.#report?.({ cause, message, line })
  }
}

/** The position of the first character that is not white space; -1 when there is none. */
function firstCharacter(line: string, from = 0): number {
  for (let i = from; i < line.length; i++) {
    const c = line.charCodeAt(i)
    if (c !== 0x20 && c !== 0x09 && c !== 0x0d && c !== 0xfeff) return i
  }
  return -1
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
