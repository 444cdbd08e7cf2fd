/** A range in a text. `offset` and `length` count UTF-16 code units from 0; `line` and `column` count from 1. */
export interface Span {
  readonly offset: number
  readonly line: number
  readonly column: number
  readonly length: number
}

/** A range in a rules file. */
export interface Place extends Span {
  /** The file's name as passed to `Engine.load`. */
  readonly file: string
}
