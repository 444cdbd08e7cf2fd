/**
 * The oldest version of Node that the packages run on, as `engines` of each package.json says. Older versions run most of it, but
 * lose deadlines (AbortSignal.any before 22.12) and numbers (JSON.rawJSON and the source text of JSON.parse before 21).
 */
export const LOWEST_NODE = '22.12.0'

interface Versions {
  readonly node?: string
  readonly bun?: string
  readonly deno?: string
}

/** Why this Node is too old, in one line; undefined when it is not, and in any other runtime. */
export function nodeTooOld(versions: Versions = ownVersions()): string | undefined {
  const { node, bun, deno } = versions
  if (node === undefined || bun !== undefined || deno !== undefined) return undefined
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const [lowestMajor = 0, lowestMinor = 0] = LOWEST_NODE.split('.').map(Number)
  if (major > lowestMajor || (major === lowestMajor && minor >= lowestMinor)) return undefined
  return `falc needs Node.js ${LOWEST_NODE} or newer; this is ${node}`
}

function ownVersions(): Versions {
  return (globalThis as { process?: { versions?: Versions } }).process?.versions ?? {}
}

/** @throws {Error} on a Node that is too old */
export function requireNode(): void {
  const problem = nodeTooOld()
  if (problem !== undefined) throw new Error(problem)
}
