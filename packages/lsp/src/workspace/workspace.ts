import { RulesDocument } from '../document/rules-document.ts'

/** A file with rules; a change of its text makes another one. */
export interface RulesFile {
  readonly uri: string
  readonly rules: RulesDocument
}

/** Characters of a file. Of longer ones nothing is known; the largest public rules file has 0.1 million. */
export const MAX_LENGTH = 4_000_000

/**
 * The files that are known, and which of them are loaded together: those of one folder in the order of their names, as `falc run -r FOLDER`
 * does, after those that the settings name. Files of `rules.d` follow those beside it.
 */
export class Workspace {
  readonly #files = new Map<string, RulesFile>()
  readonly #folders = new Map<string, Set<string>>()
  readonly #projects = new Map<string, readonly string[]>()
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

  #uris(uri: string): readonly string[] {
    const folder = folderOf(uri)
    const base = this.#base()
    const key = base.includes(uri) ? '' : folder
    let uris = this.#projects.get(key)
    if (!uris) {
      const parent = /\/rules\.d$/.test(folder) ? this.#inFolder(folderOf(folder)) : []
      uris = key === '' ? base : [...new Set([...base, ...parent, ...this.#inFolder(folder)])]
      this.#projects.set(key, uris)
    }
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
