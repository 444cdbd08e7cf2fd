import { closingQuote } from '../json/scan.ts'

/** Finds where a JSON document ends, line by line, by brackets and strings alone. JSON.parse judges the rest. */
export class DocumentScanner {
  #depth = 0
  /** The last character outside of strings and white space; 0 at the start. */
  #last = 0

  /**
   * Reads `line` from `from`. Returns where the document ends (after its last bracket), -1 when it continues on the next
   * line, or -2 when it is malformed: an unterminated string, an extra bracket.
   */
  scan(line: string, from: number): number {
    for (let i = from; i < line.length; i++) {
      const c = line.charCodeAt(i)
      switch (c) {
        case 0x5b: // [
        case 0x7b: // {
          this.#depth++
          break
        case 0x5d: // ]
        case 0x7d: // }
          if (--this.#depth === 0) return i + 1
          if (this.#depth < 0) return -2
          break
        case 0x22: // "
          i = closingQuote(line, i)
          if (i < 0) return -2
          break
        case 0x09:
        case 0x0d:
        case 0x20:
          continue
        default:
          if (this.#depth === 0) return -2
      }
      this.#last = c
    }
    return -1
  }

  /** Whether a value may come next. */
  get wantsValue(): boolean {
    return this.#last === 0x3a || this.#last === 0x2c || this.#last === 0x5b // : , [
  }

  /** Whether the scan is directly inside the outermost bracket. */
  get atTop(): boolean {
    return this.#depth === 1
  }
}

/** A document over several lines that has not ended yet. */
export interface OpenDocument {
  readonly line: number
  readonly lines: string[]
  readonly isList: boolean
  readonly scanner: DocumentScanner
  /** Memory that its lines take, in bytes. */
  size: number
}

/** The position of the first character that is not white space; -1 when there is none. */
export function firstCharacter(line: string, from = 0): number {
  for (let i = from; i < line.length; i++) {
    const c = line.charCodeAt(i)
    if (c !== 0x20 && c !== 0x09 && c !== 0x0d && c !== 0xfeff) return i
  }
  return -1
}
