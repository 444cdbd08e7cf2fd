import { RulesDocument } from '../document/rules-document.ts'

/** A file with rules; a change of its text makes another one. */
export interface RulesFile {
  readonly uri: string
  readonly rules: RulesDocument
}

/** Characters of a file. Of longer ones nothing is known; the largest public rules file has 0.1 million. */
export const MAX_LENGTH = 4_000_000

/**
 * The known files, and which of them are loaded together: those that a falco.yaml names, in its order; else those of one folder in the
 * order of names, as with `falc run -r FOLDER`. Files of `rules.d` come after those next to it. What the settings name comes first.
 */
export class Workspace {
  readonly #files = new Map<string, RulesFile>()
  readonly #folders = new Map<string, Set<string>>()
  readonly #projects = new Map<string, readonly string[]>()
  /** By falco.yaml: the files and folders that it names, as it does. */
  readonly #orders = new Map<string, readonly string[]>()
  #before: readonly string[] = []

  get files(): Iterable<RulesFile> {
    return this.#files.values()
  }

  file(uri: string): RulesFile | undefined {
    return this.#files.get(uri)
  }

  /** Files and folders that are loaded before all others. */
  set before(uris: readonly string[]) {
    this.#before = uris.map(uri => uri.replace(/\/$/, ''))
    this.#projects.clear()
  }

  /** Takes what a falco.yaml says about the order. @returns whether it says something else than before */
  order(config: string, paths: readonly string[]): boolean {
    const known = this.#orders.get(config) ?? []
    if (known.length === paths.length && known.every((path, i) => path === paths[i])) return false
    if (paths.length === 0) this.#orders.delete(config)
    else this.#orders.set(config, paths)
    this.#projects.clear()
    return true
  }

  /** Takes a file's new text. */
  set(uri: string, text: string): RulesFile {
    const known = this.#files.get(uri)
    if (known?.rules.text === text) return known
    const file = { uri, rules: new RulesDocument(text.length > MAX_LENGTH ? '' : text) }
    this.#files.set(uri, file)
    if (!known) {
      const folder = folderOf(uri)
      const uris = this.#folders.get(folder) ?? new Set()
      this.#folders.set(folder, uris.add(uri))
      this.#projects.clear()
    }
    return file
  }

  delete(uri: string): void {
    if (!this.#files.delete(uri)) return
    this.#folders.get(folderOf(uri))?.delete(uri)
    this.#projects.clear()
  }

  /** The files that are loaded together with this one, in the order of loading. */
  project(uri: string): RulesFile[] {
    return this.#uris(uri).flatMap(one => this.#files.get(one) ?? [])
  }

  /** The files of all projects that this one is in: those of `rules.d` build upon the files next to it, too. */
  related(uri: string): RulesFile[] {
    const uris = this.#kept(`related to ${uri}`, () => {
      const base = this.#base()
      const projects = [
        this.#uris(uri),
        ...[...this.#orders.keys()].map(config => this.#ordered(config)),
        ...[...this.#folders.keys()].map(folder => this.#together(folder, base)),
      ]
      return [...new Set(projects.filter(project => project.includes(uri)).flat())]
    })
    return uris.flatMap(one => this.#files.get(one) ?? [])
  }

  #uris(uri: string): readonly string[] {
    const folder = folderOf(uri)
    const base = this.#base()
    if (base.includes(uri)) return base
    const config = [...this.#orders.keys()].find(one => this.#ordered(one).includes(uri))
    return config === undefined ? this.#together(folder, base) : [...new Set([...base, ...this.#ordered(config)])]
  }

  #together(folder: string, base: readonly string[]): readonly string[] {
    return this.#kept(folder, () => {
      const parent = /\/rules\.d$/.test(folder) ? this.#inFolder(folderOf(folder)) : []
      return [...new Set([...base, ...parent, ...this.#inFolder(folder)])]
    })
  }

  /** The files that a falco.yaml names. A path of the machine that it is for (/etc/falco/rules.d) may mean what lies beside it. */
  #ordered(config: string): readonly string[] {
    return this.#kept(config, () => {
      const beside = folderOf(config)
      const found = (uri: string) => (this.#files.has(uri) ? [uri] : this.#inFolder(uri))
      return this.#orders.get(config)!.flatMap(path => {
        const name = path.replace(/\/$/, '')
        // One that is being written may be none yet: `https://`.
        const named = URL.canParse(name, config) ? found(new URL(name, config).href) : []
        const near = `${beside}/${encodeURI(name.slice(name.lastIndexOf('/') + 1).toWellFormed())}`
        return named.length > 0 ? named : found(near)
      })
    })
  }

  /** Until files come or go. */
  #kept(key: string, find: () => readonly string[]): readonly string[] {
    let uris = this.#projects.get(key)
    if (!uris) this.#projects.set(key, (uris = find()))
    return uris
  }

  #base(): readonly string[] {
    return this.#before.flatMap(one => (this.#files.has(one) ? [one] : this.#inFolder(one)))
  }

  #inFolder(folder: string): string[] {
    return [...(this.#folders.get(folder) ?? [])].sort((a, b) => (stem(a) < stem(b) ? -1 : 1))
  }
}

export function folderOf(uri: string): string {
  return uri.slice(0, Math.max(0, uri.lastIndexOf('/')))
}

/** `falco_rules.local.yaml` follows `falco_rules.yaml`. */
function stem(uri: string): string {
  return uri.replace(/\.ya?ml$/, '')
}
