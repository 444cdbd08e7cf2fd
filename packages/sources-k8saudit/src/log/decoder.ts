import { AuditEvent } from '../event.ts'
import { Arrived } from '../json/arrived.ts'
import { BodyReader, type ReadOptions, readBody, SLICE, type Slice } from '../parse.ts'
import type { AuditProblem, AuditProblemCause } from '../problem.ts'
import { AuditSieve, SievedBytes } from '../sieve/sieve.ts'
import { type AuditStats, addStats, countBody, type InputOptions, newStats } from '../stats.ts'
import { DocumentScanner, firstCharacter, type OpenDocument } from './scanner.ts'

export interface DecoderOptions extends InputOptions {
  /** A document larger than this many bytes is left out and counted. Default 64 MiB. */
  readonly maxDocumentSize?: number
}

/** Characters of a line that is parsed first, and scanned for its documents' ends if there is a problem. A larger one is read item by item. */
const AT_ONCE = 128 * 1024

/** What parsing a text costs beside its characters, in characters: an error costs as much as some thousand. */
const TEXT_COST = 1024

/** What a line of a document takes in memory beside its characters. */
const LINE_WEIGHT = 32

/**
 * Turns the bytes of a log into events. Each line is a JSON document (an Event, an EventList or an array), or documents
 * follow each other over any number of lines (pretty-printed). A bad document is reported and counted, and reading
 * resumes at the next line that begins with a bracket.
 */
export class AuditLogDecoder {
  readonly stats: AuditStats
  readonly #parse: ReadOptions
  readonly #report: ((problem: AuditProblem) => void) | undefined
  readonly #maxSize: number
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  /** The bytes after the last line end. */
  readonly #rest = new Arrived()
  /** Lines so far. */
  lines = 0
  #open: OpenDocument | undefined = undefined
  /** The next batch. */
  #batch: AuditEvent[] = []
  /** What was parsed since the last batch, in characters. */
  #spent = 0
  /** Passes over the events that no rule can match. */
  readonly #sieve: () => AuditSieve | undefined
  /** A document was given up: what follows belongs to it, until a line begins with a bracket. */
  #skipping = false
  /** A line was given up: the bytes up to the next line end belong to it. */
  #skippingLine = false

  constructor(options: DecoderOptions = {}, stats: AuditStats = newStats()) {
    this.stats = stats
    this.#report = options.onProblem
    this.#sieve = () => AuditSieve.of(options.sieve?.())
    this.#parse = {
      strict: true,
      ...(options.maxEventSize !== undefined && { maxEventSize: options.maxEventSize }),
      ...(options.sieve && { sieve: this.#sieve }),
    }
    this.#maxSize = options.maxDocumentSize ?? 64 * 1024 * 1024
  }

  /** Bytes taken that are not part of any event yet; undefined inside a document over several lines. */
  get pending(): number | undefined {
    return this.#open ? undefined : this.#rest.size
  }

  /** What comes next begins a document, as at the start of a log. */
  get atStart(): boolean {
    return !this.#open && this.#rest.size === 0 && !this.#skipping && !this.#skippingLine
  }

  /** Takes the result of another decoder for the next lines. */
  join(lines: number, stats: AuditStats, problems: readonly AuditProblem[]): void {
    if (this.#report) for (const one of problems) this.#report({ ...one, line: this.lines + (one.line ?? 0) })
    this.lines += lines
    addStats(this.stats, stats)
  }

  /** Takes the next bytes, which may end anywhere, and returns the events that are complete. */
  push(chunk: Uint8Array): AuditEvent[] {
    return [...this.read(chunk)].flat()
  }

  /**
   * As `push`, but in batches, which may be empty: others can get a turn between two of them, however many documents there are, and
   * however bad. Only an event is parsed as a whole. All batches must be read before the next call.
   */
  *read(chunk: Uint8Array): Generator<AuditEvent[], void> {
    this.stats.bytes += chunk.length
    const end = chunk.lastIndexOf(0x0a)
    if (end < 0) {
      this.#keep(chunk.slice())
      return
    }
    let start = 0
    if (this.#skippingLine) {
      start = chunk.indexOf(0x0a) + 1
      this.#skippingLine = false
    }
    if (this.#rest.size > 0) {
      const first = chunk.indexOf(0x0a)
      this.#keep(chunk.subarray(0, first))
      start = first + 1
      if (!this.#skippingLine) yield* this.#takeLines(this.#utf8.decode(this.#rest.take()))
      this.#skippingLine = false
    }
    if (start <= end) yield* this.#takeBlock(chunk, start, end)
    this.#keep(chunk.slice(end + 1))
    yield this.#next()
  }

  /** The input has ended. The last line may lack a newline. */
  end(): AuditEvent[] {
    return [...this.readEnd()].flat()
  }

  /** As `end`, but in batches. */
  *readEnd(): Generator<AuditEvent[], void> {
    if (this.#rest.size > 0) yield* this.#takeLines(this.#utf8.decode(this.#rest.take()))
    yield this.#next()
    if (this.#open) this.#giveUp('bad-json', 'the log ends inside a document')
    this.#skipping = false
    this.#skippingLine = false
  }

  /** Takes the lines from `at` to the line end at `end`. */
  *#takeBlock(chunk: Uint8Array, at: number, end: number): Generator<AuditEvent[], void> {
    const sieved = new SievedBytes(this.#sieve, chunk, false)
    while (at <= end) {
      if (!this.#open && !this.#skipping) at = this.#passOver(sieved, at)
      if (at > end) return
      const sieve = this.#sieve()
      const to = sieve ? chunk.indexOf(0x0a, Math.min(at + sieve.resting, end)) : end
      yield* this.#takeLines(this.#utf8.decode(chunk.subarray(at, to)))
      sieved.parsed(to - at)
      at = to + 1
    }
  }

  /** Returns where the first line begins that is to be parsed. */
  #passOver(sieved: SievedBytes, at: number): number {
    const next = sieved.pass(at)
    this.lines += sieved.passed
    this.stats.events += sieved.passed
    this.stats.passedOver += sieved.passed
    return next
  }

  *#takeLines(text: string): Generator<AuditEvent[], void> {
    for (let from = 0; from <= text.length; ) {
      const at = text.indexOf('\n', from)
      const to = at < 0 ? text.length : at
      const documents = this.#takeLine(text.slice(from, to))
      from = to + 1
      if (documents) yield* documents
      if (this.#isFull) yield this.#next()
    }
  }

  get #isFull(): boolean {
    return this.#spent >= SLICE.length || this.#batch.length >= SLICE.items
  }

  #next(): AuditEvent[] {
    const events = this.#batch
    this.#batch = []
    this.#spent = 0
    return events
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#skippingLine) return
    this.#rest.add(bytes)
    if (this.#rest.size <= this.#maxSize) return
    this.#rest.clear()
    this.#skippingLine = true
    this.lines++
    this.#problem('too-large', `a line of more than ${this.#maxSize} bytes`, this.lines)
  }

  /** @returns documents that are still to be read */
  #takeLine(line: string): Iterable<AuditEvent[]> | undefined {
    this.lines++
    // A byte order mark, also where logs were joined.
    if (line.charCodeAt(0) === 0xfeff) line = line.slice(1)
    return this.#open ? this.#continue(this.#open, line) : this.#beginLine(line)
  }

  /** A line that begins outside of any document. */
  #beginLine(line: string): Iterable<AuditEvent[]> | undefined {
    const first = firstCharacter(line)
    if (first < 0) return undefined
    const c = line.charCodeAt(first)
    const bracket = c === 0x7b || c === 0x5b
    if (this.#skipping && !(bracket && first === 0)) return undefined
    this.#skipping = false
    if (bracket && line.length > AT_ONCE) return this.#documents(line, first)
    const body = this.#read(line)
    if (bracket && !(body instanceof AuditEvent) && body.problems.length > 0) {
      const end = new DocumentScanner().scan(line, first)
      if (end === -1 || (end >= 0 && firstCharacter(line, end) >= 0)) return this.#documents(line, first)
    }
    this.#count(body, this.lines)
    return undefined
  }

  /** The documents of a line from `at`: several in a row, the last of which may continue on the next line. */
  *#documents(line: string, at: number): Generator<AuditEvent[], void> {
    while (at >= 0) {
      const scanner = new DocumentScanner()
      const end = scanner.scan(line, at)
      if (end === -1) {
        const rest = line.slice(at)
        const size = rest.length + LINE_WEIGHT
        this.#open = { line: this.lines, lines: [rest], isList: rest.startsWith('['), scanner, size }
        return
      }
      if (end < 0) {
        this.#problem('bad-json', 'text after a document is not another document', this.lines)
        return
      }
      yield* this.#document(line.slice(at, end), this.lines)
      at = firstCharacter(line, end)
    }
  }

  /** A line inside a document. */
  #continue(open: OpenDocument, line: string): Iterable<AuditEvent[]> | undefined {
    if (line.charCodeAt(0) === 0x7b && this.#beginsAnew(open, line)) {
      this.#giveUp('bad-json', 'the document is cut off: the next line begins a new one')
      return this.#beginLine(line)
    }
    const end = open.scanner.scan(line, 0)
    open.size += line.length + LINE_WEIGHT
    if (end === -2) this.#giveUp('bad-json', `the document is malformed in line ${this.lines}`)
    else if (open.size > this.#maxSize) this.#giveUp('too-large', `a document of more than ${this.#maxSize} bytes`)
    else if (end === -1) open.lines.push(line)
    else return this.#last(open, line, end)
    return undefined
  }

  /** The last line of a document, and what follows on it. */
  *#last({ lines, line: first }: OpenDocument, line: string, end: number): Generator<AuditEvent[], void> {
    this.#open = undefined
    lines.push(line.slice(0, end))
    yield* this.#document(lines.join('\n'), first)
    yield* this.#documents(line, firstCharacter(line, end))
  }

  /** Whether an unindented `{` begins a new event after one that was cut off, rather than continuing the open document. */
  #beginsAnew(open: OpenDocument, line: string): boolean {
    if (!open.scanner.wantsValue) return true
    if (open.isList && open.scanner.atTop) return false
    this.#spent += line.length + TEXT_COST
    const { events, problems, passedOver } = new BodyReader(line, this.#parse).read()
    return events.length + passedOver > 0 && problems.length === 0
  }

  #giveUp(cause: AuditProblemCause, message: string): void {
    this.#problem(cause, message, this.#open!.line)
    this.#open = undefined
    this.#skipping = true
  }

  /** A whole document, at once if it is small. */
  *#document(text: string, line: number): Generator<AuditEvent[], void> {
    if (text.length <= AT_ONCE) this.#count(this.#read(text), line)
    else
      for (const body = new BodyReader(text, this.#parse); !body.done; ) {
        this.#count(body.read(), line)
        yield this.#next()
      }
    if (this.#isFull) yield this.#next()
  }

  #read(text: string): AuditEvent | Slice {
    this.#spent += text.length + TEXT_COST
    return readBody(text, this.#parse)
  }

  #count(body: AuditEvent | Slice, line: number): void {
    if (body instanceof AuditEvent) {
      body.number = ++this.stats.events
      this.#batch.push(body)
      return
    }
    countBody(this.stats, body)
    for (const event of body.events) this.#batch.push(event)
    if (this.#report) for (const problem of body.problems) this.#report({ ...problem, line })
  }

  #problem(cause: AuditProblemCause, message: string, line: number): void {
    this.stats.rejected[cause]++
    this.#report?.({ cause, message, line })
  }
}
