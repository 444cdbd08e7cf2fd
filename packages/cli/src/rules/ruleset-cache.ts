/** Caches compiled rulesets, so that a start with the same rules needs neither parser nor compiler. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Priority } from '@falc/engine'
import type { Judgement } from '@falc/sources-k8saudit'

/** Facts about a rule for reports and metrics. */
export interface RuleNote {
  readonly name: string
  readonly source: string
  readonly priority: Priority
  readonly tags: readonly string[]
  readonly enabled: boolean
  /** Of rules over audit events: what can be said before a request is carried out. */
  readonly admission?: Judgement | undefined
}

/** The other results of loading the rules, as plain data. */
export interface RulesetNotes {
  /** All rules in the order of their definition. */
  readonly rules: readonly RuleNote[]
  /** Nanoseconds as text, by name of the rules that ask for a capture. */
  readonly captureDurations: readonly (readonly [rule: string, nanoseconds: string])[]
  /** Falco's report per file with warnings, short and in full. */
  readonly warnings: readonly { readonly summary: string; readonly full: string }[]
}

export interface CachedRuleset {
  readonly notes: RulesetNotes
  /** The result of `engine.save()`. */
  readonly ruleset: Uint8Array
}

/** Files kept: each version of edited rules leaves one. */
const KEPT = 16
const ENDING = '.ruleset'

/**
 * A folder of files named by a digest of everything that a ruleset depends on. A file is SHA-256 (32 bytes) of the
 * rest, the length of the notes (32 bits, little-endian), the notes, the ruleset. A damaged file is a cache miss.
 */
export class RulesetCache {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = join(folder, 'rulesets')
  }

  /** @param input plain data @throws {TypeError} for what JSON would leave out, so that no part of the input is ignored */
  static key(build: string, input: object): string {
    const text = JSON.stringify([build, input], (name, value) => {
      if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
        throw new TypeError(`the ruleset cache cannot digest ${name}`)
      return value
    })
    return createHash('sha256').update(text).digest('hex')
  }

  read(key: string): CachedRuleset | undefined {
    try {
      const bytes = readFileSync(this.#path(key))
      const rest = bytes.subarray(32)
      if (!digest(rest).equals(bytes.subarray(0, 32))) return undefined
      const end = 4 + rest.readUInt32LE(0)
      return { notes: JSON.parse(rest.toString('utf8', 4, end)), ruleset: rest.subarray(end) }
    } catch {
      return undefined
    }
  }

  write(key: string, { notes, ruleset }: CachedRuleset): void {
    const json = Buffer.from(JSON.stringify(notes))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(json.length)
    const rest = Buffer.concat([length, json, ruleset])
    const path = this.#path(key)
    const draft = `${path}.${randomBytes(6).toString('hex')}`
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      writeFileSync(draft, Buffer.concat([digest(rest), rest]), { mode: 0o600 })
      renameSync(draft, path)
      this.#prune()
    } catch {
      rmSync(draft, { force: true })
    }
  }

  #path(key: string): string {
    return join(this.#folder, key + ENDING)
  }

  #prune(): void {
    const files = readdirSync(this.#folder).filter(name => name.endsWith(ENDING))
    const byAge = files
      .map(name => join(this.#folder, name))
      .map(path => ({ path, time: statSync(path).mtimeMs }))
      .sort((a, b) => b.time - a.time)
    for (const { path } of byAge.slice(KEPT)) rmSync(path, { force: true })
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
