import type { Json } from './json.ts'

/**
 * Shortens an event that is too large to be printed. Room is divided from the top. The largest strings of an object or list are replaced by
 * their size until the others fit. Its branches share the rest equally, and a branch that cannot fit into its share is replaced as a whole.
 * Sizes are those of compact JSON in UTF-16 units, escapes not counted. Takes time linear in the event's size, apart from sorting.
 */

type Branch = Record<string, Json>

const mark = (size: number): string => `<cut: ${size} bytes>`
/** No mark is larger, quotes included. */
const MARK_SIZE = 36

/** Cuts `root` in place until it is no larger than `limit`. Returns the number of values that were replaced. */
export function cutToSize(root: object, limit: number): number {
  const sizes = measure(root)
  if (sizes.get(root)! <= limit) return 0
  const cut: Cut = { sizes, count: 0 }
  if (!fit(root as Branch, limit, cut)) dropKeys(root as Branch, limit, cut)
  return cut.count
}

interface Cut {
  readonly sizes: Map<object, number>
  count: number
}

/** Cuts the values of `branch` until it is no larger than `room`; false, with nothing cut, when there are too many of them. */
function fit(branch: Branch, room: number, cut: Cut): boolean {
  const leaves: Child[] = []
  const branches: Child[] = []
  for (const key of Object.keys(branch)) {
    const value = branch[key]!
    const isBranch = typeof value === 'object' && value !== null
    ;(isBranch ? branches : leaves).push({ key, size: sizeOf(value, cut.sizes) })
  }
  const left = room - frameOf(branch)
  if (left < marks(leaves) + marks(branches)) return false
  // Leaves may take what the branches do not need, and at least half of the room.
  const kept = Math.min(sum(branches), Math.max(Math.ceil(left / 2), marks(branches)))
  const rest = left - cutLeaves(branch, leaves, Math.max(left - kept, marks(leaves)), cut)
  cutBranches(branch, branches, rest, cut)
  return true
}

interface Child {
  readonly key: string
  readonly size: number
}

const sum = (children: readonly Child[]): number => children.reduce((total, { size }) => total + size, 0)
/** The least that they take: each as it is, or as a mark. */
const marks = (children: readonly Child[]): number =>
  children.reduce((total, { size }) => total + Math.min(size, MARK_SIZE), 0)

/** Replaces the largest leaves until the rest fits. Returns the size of all of them afterwards. */
function cutLeaves(branch: Branch, leaves: Child[], room: number, cut: Cut): number {
  let size = sum(leaves)
  leaves.sort((a, b) => b.size - a.size)
  for (const leaf of leaves) {
    if (size <= room || leaf.size <= MARK_SIZE) break
    size += replace(branch, leaf.key, leaf.size, cut) - leaf.size
  }
  return size
}

/** Gives each branch an equal part of the room; small ones leave the rest of theirs to the others. */
function cutBranches(branch: Branch, branches: Child[], room: number, cut: Cut): void {
  branches.sort((a, b) => a.size - b.size)
  let left = room
  for (let i = 0; i < branches.length; i++) {
    const { key, size } = branches[i]!
    const part = Math.floor(left / (branches.length - i))
    if (size <= part) left -= size
    else left -= fit(branch[key] as unknown as Branch, part, cut) ? part : replace(branch, key, size, cut)
  }
}

/** The root itself has too many keys: the last ones are removed. */
function dropKeys(root: Branch, limit: number, cut: Cut): void {
  let left = limit - 2
  for (const key of Object.keys(root)) {
    const size = sizeOf(root[key]!, cut.sizes)
    const need = key.length + 4 + Math.min(size, MARK_SIZE)
    if (need <= left) {
      left -= need
      if (size > MARK_SIZE) replace(root, key, size, cut)
    } else {
      delete root[key]
      cut.count++
    }
  }
}

/** Replaces a value by a mark, even one that is named `__proto__`. */
function replace(branch: Branch, key: string, size: number, cut: Cut): number {
  const value = mark(size)
  cut.count++
  Object.defineProperty(branch, key, { value, writable: true, enumerable: true, configurable: true })
  return value.length + 2
}

/** The size of every object and array in `root`, without recursion. */
function measure(root: object): Map<object, number> {
  const sizes = new Map<object, number>()
  for (const branch of branchesOf(root).reverse()) {
    let size = frameOf(branch)
    for (const key of Object.keys(branch)) size += sizeOf(branch[key]!, sizes)
    sizes.set(branch, size)
  }
  return sizes
}

/** The size of everything but the values: brackets, keys, commas. */
function frameOf(branch: Branch): number {
  if (Array.isArray(branch)) return 2 + branch.length
  return Object.keys(branch).reduce((sum, key) => sum + key.length + 4, 2)
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
