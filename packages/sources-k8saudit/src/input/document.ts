import { closingQuote } from '../json/depth.ts'

/** Finds where a JSON document ends, line by line, by brackets and strings alone. JSON.parse judges the rest. */
export class DocumentScanner {
  private depth = 0
  /** The last character that is neither white space nor part of a string; 0 at the start. */
  private last = 0

  /**
   * Reads on in `line` from `from`. Returns where the document ends (after its last bracket), -1 when it goes on in the
   * next line, or -2 when no document goes on like this: a string that is still open, a bracket too many.
   */
  scan(line: string, from: number): number {
    for (let i = from; i < line.length; i++) {
      const c = line.charCodeAt(i)
      switch (c) {
        case 0x5b: // [
        case 0x7b: // {
          this.depth++
          break
        case 0x5d: // ]
        case 0x7d: // }
          if (--this.depth === 0) return i + 1
          if (this.depth < 0) return -2
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
          if (this.depth === 0) return -2
      }
      this.last = c
    }
    return -1
  }

  /** Whether a value may come next. */
  get wantsValue(): boolean {
    return this.last === 0x3a || this.last === 0x2c || this.last === 0x5b // : , [
  }

  /** Whether the scan stands directly in the outermost bracket. */
  get atTop(): boolean {
    return this.depth === 1
  }
}
