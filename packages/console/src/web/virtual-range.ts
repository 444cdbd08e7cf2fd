/** Computes which rows of a long list are visible, without a page. */
export interface VirtualRange {
  /** First row, and the one after the last. */
  readonly start: number
  readonly end: number
  /** Pixels of the rows before and after. */
  readonly before: number
  readonly after: number
}

/** Rows beyond both edges, so that a list that moves shows no gap. */
const SPARE = 6

/** @param rowHeight in pixels, of every row */
export function rangeOf(count: number, rowHeight: number, top: number, height: number): VirtualRange {
  const last = Math.max(0, count)
  const start = Math.min(last, Math.max(0, Math.floor(top / rowHeight) - SPARE))
  const end = Math.min(last, Math.max(start, Math.ceil((top + height) / rowHeight) + SPARE))
  return { start, end, before: start * rowHeight, after: (last - end) * rowHeight }
}
