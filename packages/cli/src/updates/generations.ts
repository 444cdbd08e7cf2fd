/**
 * The folder of artifacts. All artifacts together are a generation, and the link `current` names the one that is in force: it is
 * replaced in one step, so that no reader sees half an update, and an earlier generation is as complete as the present one.
 *
 *     current → generations/7
 *     generations/7/state.json            what is installed, for people and programs
 *     generations/7/falco-rules/*.yaml    named in rules_files as FOLDER/current/falco-rules
 *     refused.json                        what was not installed and why; what is held is not tried again
 */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { FolderLock, type OutputError } from '@falc/outputs'
import { CliError } from '../fail.ts'
import type { Artifact } from './artifact.ts'

/** An artifact as `state.json` has it. */
export interface Installed {
  readonly name: string
  /** As it was asked for: with its tag. */
  readonly reference: string
  readonly digest: string
  readonly version?: string | undefined
  /** The key that signed it. */
  readonly signedBy?: string | undefined
  /** RFC 3339 */
  readonly installed: string
}

export interface State {
  readonly artifacts: readonly Installed[]
}

/** A version that is not in force, though its tag leads to it. */
export interface Refused {
  readonly name: string
  readonly digest: string
  readonly reason: string
  /** It was rolled back, and is not tried again automatically. An artifact refused for another reason may pass the next time. */
  readonly held: boolean
}

/** Generations that are kept beside the one in force. */
const KEPT = 5
const MAX_REFUSED = 100

export class Generations {
  readonly folder: string
  /** Resolves when the changes that were asked for before have ended. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.folder = folder
  }

  /** The path for rules_files. */
  get current(): string {
    return join(this.folder, 'current')
  }

  get state(): State {
    return read<State>(join(this.current, 'state.json')) ?? { artifacts: [] }
  }

  get refused(): readonly Refused[] {
    return read<Refused[]>(join(this.folder, 'refused.json')) ?? []
  }

  refuse(refused: Refused): void {
    const others = this.refused.filter(({ digest }) => digest !== refused.digest)
    replace(join(this.folder, 'refused.json'), [...others, refused].slice(-MAX_REFUSED))
  }

  /** Forgets what was refused before this was installed. */
  allow({ name, digest }: Installed): void {
    const { refused } = this
    const left = refused.filter(one => one.digest !== digest && (one.name !== name || one.held))
    if (left.length < refused.length) replace(join(this.folder, 'refused.json'), left)
  }

  /** Writes a generation that is the present one with another artifact. It is not in force yet. @returns its folder */
  prepare({ files }: Artifact, installed: Installed): string {
    this.#dropAfter(this.#present ?? 0)
    const next = join(this.folder, 'generations', String(this.#last + 1))
    mkdirSync(next, { recursive: true })
    try {
      const { artifacts } = this.state
      for (const { name } of artifacts)
        if (name !== installed.name) cpSync(join(this.current, name), join(next, name), { recursive: true })
      const own = join(next, installed.name)
      mkdirSync(own)
      for (const { name, content } of files) writeFileSync(join(own, name), content, { flush: true })
      // In its old place, or the last.
      const at = artifacts.findIndex(({ name }) => name === installed.name)
      const all = at < 0 ? [...artifacts, installed] : artifacts.with(at, installed)
      replace(join(next, 'state.json'), { artifacts: all })
      return next
    } catch (error) {
      this.drop(next)
      throw error
    }
  }

  /** Puts a prepared generation into force, in one step. */
  enforce(generation: string): void {
    const link = join(this.folder, `current.${process.pid}`)
    rmSync(link, { force: true })
    symlinkSync(join('generations', basename(generation)), link)
    renameSync(link, this.current)
    const present = Number(basename(generation))
    for (const number of this.#numbers) if (number < present - KEPT) this.drop(this.#path(number))
    this.#dropAfter(present)
  }

  isInForce(generation: string): boolean {
    return this.#present === Number(basename(generation))
  }

  drop(generation: string): void {
    rmSync(generation, { recursive: true, force: true })
  }

  /** Puts the generation before the present one into force. @returns what was in force @throws {CliError} when there is none */
  rollBack(): { readonly before: State; readonly now: State } {
    const present = this.#present
    const earlier = this.#numbers.filter(number => present !== undefined && number < present).at(-1)
    if (earlier === undefined) throw new CliError(`${this.folder}: there are no earlier rules to go back to`)
    const before = this.state
    this.enforce(this.#path(earlier))
    const now = this.state
    for (const { name, digest, version } of before.artifacts)
      if (!now.artifacts.some(one => one.digest === digest))
        this.refuse({ name, digest, reason: `${version ?? 'it'} was rolled back`, held: true })
    return { before, now }
  }

  /** One process at a time changes the folder, and its changes take turns. @throws {CliError} when another process changes it */
  locked<T>(change: () => Promise<T> | T): Promise<T> {
    const turn = this.#turn.then(() => this.#alone(change))
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #alone<T>(change: () => Promise<T> | T): Promise<T> {
    const lock = await this.#lock()
    try {
      return await change()
    } catch (error) {
      // A full disk, a folder of another user: nothing is wrong with the artifact.
      if (error instanceof CliError || (error as NodeJS.ErrnoException).code === undefined) throw error
      throw new CliError((error as Error).message)
    } finally {
      await lock.release()
    }
  }

  async #lock(): Promise<FolderLock> {
    try {
      mkdirSync(this.folder, { recursive: true })
      return await FolderLock.take(this.folder)
    } catch (error) {
      const { code, message } = error as OutputError
      if (code !== 'EBUSY') throw new CliError(message)
      throw new CliError(`${this.folder}: another falc is installing rules here: try again when it has finished`)
    }
  }

  /** Newer generations were rolled back, or left by a process that was killed: nothing may go back to them. */
  #dropAfter(present: number): void {
    for (const number of this.#numbers) if (number > present) this.drop(this.#path(number))
  }

  get #present(): number | undefined {
    try {
      return Number(basename(readlinkSync(this.current)))
    } catch {
      return undefined
    }
  }

  get #numbers(): number[] {
    try {
      const names = readdirSync(join(this.folder, 'generations'))
      return names
        .map(Number)
        .filter(Number.isInteger)
        .sort((a, b) => a - b)
    } catch {
      return []
    }
  }

  get #last(): number {
    return this.#numbers.at(-1) ?? 0
  }

  #path(number: number): string {
    return join(this.folder, 'generations', String(number))
  }
}

/** undefined: there is no such file. @throws {CliError} when it cannot be read: an update would forget what it holds */
function read<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CliError(`${path}: ${(error as Error).message}`)
  }
}

function replace(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { flush: true })
  renameSync(`${path}.new`, path)
}
