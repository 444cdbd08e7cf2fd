/** A bar behind a line of a list: its share of the largest value. */
export function Share({ is, of }: { is: number; of: number }) {
  return <span class="share" aria-hidden="true" style={{ width: `${of > 0 ? Math.min(100, (100 * is) / of) : 0}%` }} />
}
