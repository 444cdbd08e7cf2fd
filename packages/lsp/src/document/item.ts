/** Offsets in a text: `[from, to)`. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** A text and its place; of a quoted text, without the quotes. */
export interface Word extends Range {
  readonly text: string
}

/** A key of a map, with its value. */
export interface Entry {
  readonly key: Word
  /** From the first character after the colon and blanks to the end of the last line that belongs to it. */
  readonly value: Range
  /** Columns before the key. */
  readonly indent: number
}

/** A map in a list: `- key: value`, and the keys in the lines below. */
export interface MapItem extends Range {
  /** Columns before the dash. */
  readonly indent: number
  readonly entries: readonly Entry[]
}
