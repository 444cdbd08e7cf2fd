/** Reads the columns and index words of a batch's alerts. */
import type { ByteSink, Priority } from '@falc/engine'
import type { Batch } from './batch.ts'
import { type Kind, Kinds } from './kinds.ts'
import { idOf, namespaceOf } from './row.ts'
import { Scanner } from './scan.ts'
import { type Body, termsOf, wordsOf } from './term.ts'

/** An alert's row, apart from its number. */
export interface Entry {
  readonly id: Uint8Array
  readonly kind: Kind
  readonly time: bigint
  /** JSON in UTF-8. */
  readonly body: Uint8Array
}

export class Reader {
  readonly #words: ByteSink
  readonly #pairs: ByteSink
  readonly #scanner: Scanner

  /** @param words, pairs get what the indexes have of alerts */
  constructor(words: ByteSink, pairs: ByteSink) {
    this.#words = words
    this.#pairs = pairs
    this.#scanner = new Scanner(words, pairs)
  }

  /** @param isScanned false: every alert is parsed */
  *read({ bodies, ends, times }: Batch, isScanned = true): Generator<Entry> {
    const kinds = new Kinds()
    const all = Buffer.from(bodies.buffer, bodies.byteOffset, bodies.byteLength)
    this.#scanner.begin(all)
    for (let i = 0; i < times.length; i++) {
      const start = ends[i - 1] ?? 0
      const body = all.subarray(start, ends[i])
      yield (isScanned && this.#scanned(body, start, times[i]!, kinds)) || this.#parsed(body, times[i]!, kinds)
    }
  }

  #scanned(body: Buffer, start: number, time: bigint, kinds: Kinds): Entry | undefined {
    const [words, pairs] = [this.#words.length, this.#pairs.length]
    const scanner = this.#scanner
    if (!scanner.scan(body, start)) {
      this.#words.length = words
      this.#pairs.length = pairs
      return undefined
    }
    const { rule, priority, source, hostname, namespaces } = scanner
    const what = {
      rule: rule.text!,
      priority: priority.text as Priority,
      source: source.text!,
      hostname: hostname.text,
    }
    const kind = kinds.of(what, namespaces[0].text || namespaces[1].text || '')
    this.#pairs.raw(kind.termBytes)
    return { id: scanner.id, kind, time, body }
  }

  #parsed(bytes: Buffer, time: bigint, kinds: Kinds): Entry {
    const json = bytes.toString()
    const body = JSON.parse(json) as Body
    const kind = kinds.of(body, namespaceOf(body))
    this.#words.text(wordsOf(body))
    this.#pairs.text(termsOf(body, json, kind.terms))
    return { id: idOf(body.id), kind, time, body: bytes }
  }
}
