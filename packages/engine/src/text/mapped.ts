import { SourceText } from './source.ts'
import type { Place } from './span.ts'

/**
 * A run of a text and where it comes from. `exact`: unit `at + n` of the text is unit `offset + n` of the file.
 * Otherwise the whole run comes from `length` units at `offset` (an escape, a folded line break, a list's name).
 */
export interface Piece {
  /** Start of the run in the text; it ends at the start of the next one. */
  readonly at: number
  readonly source: SourceText
  readonly offset: number
  readonly length: number
  readonly exact: boolean
}

/**
 * A text that maps each of its units to a place in a file, through YAML's folding and quoting, list expansion, appends
 * and exceptions.
 */
export class MappedText {
  readonly text: string
  readonly pieces: readonly Piece[]
  constructor(text: string, pieces: readonly Piece[]) {
    this.text = text
    this.pieces = pieces
  }

  /** A text that is found unchanged in `source` at `offset`. */
  static exact(text: string, source: SourceText, offset: number): MappedText {
    return new MappedText(text, [{ at: 0, source, offset, length: text.length, exact: true }])
  }

  /** A text that is in no file: a condition passed to the API as a string. */
  static bare(text: string, name = ''): MappedText {
    return MappedText.exact(text, new SourceText(name, text), 0)
  }

  /** Index of the piece that contains unit `at`; -1 for a text without pieces. */
  pieceAt(at: number): number {
    const { pieces } = this
    let low = 0
    let high = pieces.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (pieces[middle]!.at <= at) low = middle
      else high = middle - 1
    }
    return high < 0 ? -1 : low
  }

  /** The file that unit `at` comes from. */
  sourceAt(at: number): SourceText | undefined {
    return this.pieces[this.pieceAt(at)]?.source
  }

  /**
   * The place of `length` units at `at`: from the first to the last unit if both are in one file in this order, else the
   * run of the first unit.
   */
  place(at: number, length = 0): Place {
    const index = this.pieceAt(at)
    if (index < 0) return { file: '', offset: 0, line: 1, column: 1, length: 0 }
    const piece = this.pieces[index]!
    const from = piece.exact ? piece.offset + (at - piece.at) : piece.offset
    if (length <= 0) return piece.source.place(from, piece.exact ? 0 : piece.length)
    const last = at + length - 1
    const next = this.pieces[index + 1]
    const ending = next === undefined || last < next.at ? piece : this.pieces[this.pieceAt(last)]!
    const to = ending.exact ? ending.offset + (last - ending.at) + 1 : ending.offset + ending.length
    if (ending.source === piece.source && to >= from) return piece.source.place(from, to - from)
    return piece.source.place(from, piece.exact ? next!.at - at : piece.length)
  }

  slice(from: number, to = this.text.length): MappedText {
    if (from <= 0 && to >= this.text.length) return this
    return new MappedTextBuilder().add(this, from, to).build()
  }

  /** The text without leading and trailing white space. */
  trim(): MappedText {
    const start = this.text.length - this.text.trimStart().length
    return this.slice(start, Math.max(start, this.text.trimEnd().length))
  }
}

/** Builds a MappedText from parts of others. */
export class MappedTextBuilder {
  #parts: string[] = []
  #pieces: Piece[] = []
  length = 0

  /** Appends `text[from, to)`. */
  add(text: MappedText, from = 0, to = text.text.length): this {
    if (to <= from) return this
    for (let i = text.pieceAt(from); i >= 0 && i < text.pieces.length; i++) {
      const piece = text.pieces[i]!
      if (piece.at >= to) break
      const skipped = Math.max(0, from - piece.at)
      const at = this.length + piece.at + skipped - from
      const offset = piece.exact ? piece.offset + skipped : piece.offset
      const end = Math.min(to, text.pieces[i + 1]?.at ?? text.text.length)
      const length = piece.exact ? end - piece.at - skipped : piece.length
      this.#push({ at, source: piece.source, offset, length, exact: piece.exact })
    }
    this.#parts.push(text.text.slice(from, to))
    this.length += to - from
    return this
  }

  /** Appends words that are in no file (a joining blank, `and not`); their place is that of `text[at]`. */
  insert(words: string, text: MappedText, at = 0): this {
    if (words === '') return this
    const piece = text.pieces[text.pieceAt(at)]
    if (piece) {
      const offset = piece.exact ? piece.offset + Math.max(0, Math.min(at, text.text.length) - piece.at) : piece.offset
      this.#push({
        at: this.length,
        source: piece.source,
        offset,
        length: piece.exact ? 0 : piece.length,
        exact: false,
      })
    }
    this.#parts.push(words)
    this.length += words.length
    return this
  }

  /** Appends words that replace `length` units of `source` at `offset`. */
  replace(words: string, source: SourceText, offset: number, length: number): this {
    if (words === '') return this
    this.#push({ at: this.length, source, offset, length, exact: false })
    this.#parts.push(words)
    this.length += words.length
    return this
  }

  build(): MappedText {
    return new MappedText(this.#parts.join(''), this.#pieces)
  }

  #push(piece: Piece): void {
    const last = this.#pieces[this.#pieces.length - 1]
    const joins =
      last?.exact && piece.exact && last.source === piece.source && last.offset + (piece.at - last.at) === piece.offset
    if (!joins) this.#pieces.push(piece)
  }
}
