import type { Place } from './span.ts'

/** A file's name and content; its line starts are computed on first use. */
export class SourceText {
  readonly name: string
  readonly content: string
  #starts: number[] | undefined
  constructor(name: string, content: string) {
    this.name = name
    this.content = content
    this.#starts = undefined
  }

  /** Offsets of the lines. A line ends with LF, CR LF or CR. */
  get lineStarts(): readonly number[] {
    if (this.#starts) return this.#starts
    const starts = [0]
    const { content } = this
    for (const { index, 0: end } of content.matchAll(/\r\n?|\n/g)) starts.push(index + end.length)
    this.#starts = starts
    return starts
  }

  /** The place of `length` units at `offset`, clamped to the end of the file. */
  place(offset: number, length = 0): Place {
    const at = Math.max(0, Math.min(offset, this.content.length))
    const starts = this.lineStarts
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= at) low = middle
      else high = middle - 1
    }
    return {
      file: this.name,
      offset: at,
      line: low + 1,
      column: at - starts[low]! + 1,
      length: Math.max(0, Math.min(length, this.content.length - at)),
    }
  }

  /** A line (counted from 1) without its line break; empty if there is no such line. */
  line(number: number): string {
    const starts = this.lineStarts
    const from = starts[number - 1]
    if (from === undefined) return ''
    let to = starts[number] ?? this.content.length
    // Not by a pattern, which looks through all of a line that may be the whole file.
    while (to > from && '\r\n'.includes(this.content[to - 1]!)) to--
    return this.content.slice(from, to)
  }
}
