/** Rulesets that were compiled before, so that a start with the same rules needs no parser and no compiler. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Priority } from '@falc/engine'

/** What a report or a metric says about a rule. */
export interface RuleNote {
  readonly name: string
  readonly source: string
  readonly priority: Priority
  readonly tags: readonly string[]
}

/** What loading the rules gave besides the ruleset, as JSON. */
export interface RulesetNotes {
  /** All rules in the order of their definition. */
  readonly rules: readonly RuleNote[]
  /** ns as text, by name of the rules that ask for a capture. */
  readonly captureDurations: readonly (readonly [rule: string, nanoseconds: string])[]
  /** Falco's report per file with warnings, short and in full. */
  readonly warnings: readonly { readonly summary: string; readonly full: string }[]
}

export interface CachedRuleset {
  readonly notes: RulesetNotes
  /** What `engine.save()` gave. */
  readonly ruleset: Uint8Array
}

/** Files kept: rules are edited, and each version leaves one. */
const KEPT = 16
const ENDING = '.ruleset'

/**
 * A folder of files named by a digest of all that a ruleset follows from: rules, settings, program. A file is
 * SHA-256 (32 bytes) of the rest, the length of the notes (32 bits, little-endian), the notes, the ruleset.
 * Whatever is wrong with it, the cache is as if empty: nothing is lost but time.
 */
export class RulesetCache {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = join(folder, 'rulesets')
  }

  /** @param parts all that the ruleset follows from */
  static key(parts: readonly string[]): string {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(`${Buffer.byteLength(part)}\0`).update(part)
    return hash.digest('hex')
  }

  read(key: string): CachedRuleset | undefined {
    try {
      const bytes = readFileSync(this.path(key))
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
    const path = this.path(key)
    const draft = `${path}.${randomBytes(6).toString('hex')}`
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 })
      writeFileSync(draft, Buffer.concat([digest(rest), rest]), { mode: 0o600 })
      renameSync(draft, path)
      this.prune()
    } catch {
      rmSync(draft, { force: true })
    }
  }

  private path(key: string): string {
    return join(this.folder, key + ENDING)
  }

  private prune(): void {
    const files = readdirSync(this.folder).filter(name => name.endsWith(ENDING))
    const byAge = files
      .map(name => join(this.folder, name))
      .map(path => ({ path, time: statSync(path).mtimeMs }))
      .sort((a, b) => b.time - a.time)
    for (const { path } of byAge.slice(KEPT)) rmSync(path, { force: true })
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
