/** The name among `names` that `word` most likely meant: at most a third of its letters differ (Levenshtein); else undefined. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  // A longer word is no typing error of a name, and the distance costs its square.
  if (word.length > 64) return undefined
  let best: string | undefined
  let least = Math.min(4, Math.ceil(word.length / 3)) + 1
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= least) continue
    const d = distance(word, name)
    if (d < least) {
      least = d
      best = name
    }
  }
  return best
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
