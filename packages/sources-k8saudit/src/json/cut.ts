import type { Json } from './json.ts'

/**
 * Makes an event that is too large smaller instead of dropping it. The largest strings go first, since a rule seldom asks
 * for a text of kilobytes; if the strings are not to blame, whole branches go, each the smallest that is large enough.
 * What stands in their place says how much was there. Sizes are those of compact JSON in UTF-16 units, escapes not counted.
 */

type Branch = Record<string, Json>

const mark = (size: number): string => `<cut: ${size} bytes>`
/** Replacing anything shorter would gain nothing. */
const WORTH = 32

/** Cuts `root` in place until it is no larger than `limit`. Returns the number of values that were replaced. */
export function cutToSize(root: object, limit: number): number {
  const sizes = measure(root)
  const total = sizes.get(root)!
  if (total <= limit) return 0
  const strings = cutStrings(root, total - limit)
  return strings + cutBranches(root, limit)
}

function cutStrings(root: object, excess: number): number {
  const found: { branch: Branch; key: string; size: number }[] = []
  for (const branch of branchesOf(root)) {
    for (const key of Object.keys(branch)) {
      const value = branch[key]
      if (typeof value === 'string' && value.length > WORTH) found.push({ branch, key, size: value.length })
    }
  }
  found.sort((a, b) => b.size - a.size)
  let cuts = 0
  for (const { branch, key, size } of found) {
    if (excess <= 0) break
    const text = mark(size)
    replace(branch, key, text)
    excess -= size - text.length
    cuts++
  }
  return cuts
}

function cutBranches(root: object, limit: number): number {
  const sizes = measure(root)
  let cuts = 0
  for (let total = sizes.get(root)!; total > limit; total = sizes.get(root)!) {
    const path: Branch[] = [root as Branch]
    let at = largestOf(path[0]!, sizes)
    for (;;) {
      const value = path.at(-1)![at.key]
      if (typeof value !== 'object' || value === null) break
      const inner = largestOf(value as Branch, sizes)
      if (inner.size < total - limit + WORTH) break
      path.push(value as Branch)
      at = inner
    }
    const branch = path.at(-1)!
    let saved: number
    if (at.size > WORTH) {
      const text = mark(at.size)
      replace(branch, at.key, text)
      saved = at.size - text.length - 2
    } else {
      // Only the root is ever this wide without a large child: what is wide and deeper is replaced as a whole.
      const key = Object.keys(branch).at(-1)!
      saved = sizeOf(branch[key]!, sizes) + key.length + 4
      delete branch[key]
    }
    for (const above of path) sizes.set(above, sizes.get(above)! - saved)
    cuts++
  }
  return cuts
}

function largestOf(branch: Branch, sizes: Map<object, number>): { key: string; size: number } {
  let largest = { key: '', size: -1 }
  for (const key of Object.keys(branch)) {
    const size = sizeOf(branch[key]!, sizes)
    if (size > largest.size) largest = { key, size }
  }
  return largest
}

/** The size of every object and array in `root`, without recursion. */
function measure(root: object): Map<object, number> {
  const sizes = new Map<object, number>()
  for (const branch of branchesOf(root).reverse()) {
    let size = 2
    const array = Array.isArray(branch)
    for (const key of Object.keys(branch)) size += sizeOf(branch[key]!, sizes) + (array ? 1 : key.length + 4)
    sizes.set(branch, size)
  }
  return sizes
}

function sizeOf(value: Json, sizes: Map<object, number>): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value === 'object' && value !== null) return sizes.get(value)!
  return String(value).length
}

/** Every object and array, parents before children. */
function branchesOf(root: object): Branch[] {
  const branches: Branch[] = [root as Branch]
  for (let i = 0; i < branches.length; i++) {
    for (const value of Object.values(branches[i]!)) {
      if (typeof value === 'object' && value !== null) branches.push(value as Branch)
    }
  }
  return branches
}

/** Sets an own property, also one named `__proto__`. */
function replace(branch: Branch, key: string, value: Json): void {
  Object.defineProperty(branch, key, { value, writable: true, enumerable: true, configurable: true })
}
