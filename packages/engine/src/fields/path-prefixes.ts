import { Glob } from './glob.ts'

/** The set of `pmatch`: paths by component, where a component may be a glob pattern. */
export class PathPrefixes {
  readonly #root = new Branch()

  constructor(paths: readonly string[]) {
    for (const path of paths) {
      let branch = this.#root
      for (const part of pathParts(path)) branch = branch.grow(part)
      branch.end = true
    }
  }

  /** Whether the path is one of the set or below one of them. */
  test(path: string): boolean {
    return reaches(this.#root, pathParts(path), 0)
  }
}

class Branch {
  /** A path of the set ends here. */
  end = false
  readonly names = new Map<string, Branch>()
  readonly globs: { readonly glob: Glob; readonly branch: Branch }[] = []

  grow(part: string): Branch {
    if (!/[*?[\\]/.test(part)) {
      let branch = this.names.get(part)
      if (!branch) this.names.set(part, (branch = new Branch()))
      return branch
    }
    const known = this.globs.find(g => g.glob.pattern === part)
    if (known) return known.branch
    const branch = new Branch()
    this.globs.push({ glob: new Glob(part), branch })
    return branch
  }
}

/** Each branch is at one depth only, so it is visited at most once: the work is bounded by the size of the set. */
function reaches(branch: Branch, parts: readonly string[], depth: number): boolean {
  if (branch.end) return true
  if (depth === parts.length) return false
  const part = parts[depth]!
  const named = branch.names.get(part)
  if (named && reaches(named, parts, depth + 1)) return true
  return branch.globs.some(g => g.glob.test(part) && reaches(g.branch, parts, depth + 1))
}

/** The components of a path. Leading, trailing and repeated slashes are ignored. */
export function pathParts(path: string): string[] {
  return path.split('/').filter(part => part !== '')
}
