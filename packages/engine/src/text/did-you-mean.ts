/** The maximum number of names that are compared. */
const MAX_NAMES = 2000

/** The name that `word` was most likely meant to be: at most a third of its letters differ (Levenshtein); else undefined. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  // No name is that long.
  if (word.length > 64) return undefined
  let best: string | undefined
  let least = Math.min(4, Math.ceil(word.length / 3)) + 1
  let count = 0
  for (const name of names) {
    if (++count > MAX_NAMES) break
    if (Math.abs(name.length - word.length) >= least) continue
    const d = distance(word, name, least)
    if (d < least) {
      least = d
      best = name
    }
  }
  return best
}

/** `, did you mean X?`, or nothing. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const guess = nearest(word, names)
  return guess === undefined ? '' : `, did you mean ${guess}?`
}

/** The distance when it is less than `limit`, else `limit`. */
function distance(a: string, b: string, limit: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    let low = i
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const d = Math.min(replaced, row[j]! + 1, next[j - 1]! + 1)
      next.push(d)
      low = Math.min(low, d)
    }
    if (low >= limit) return limit
    row = next
  }
  return row[b.length]!
}
