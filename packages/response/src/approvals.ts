/**
 * Steps that wait for approval. Anyone who may write to the responder's folder can approve one: a file in `approve` named after the step's
 * run, which is random and valid once.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AlertData, parseAlert } from '@falc/engine'
import { aboutOf, ENDS_WAITING, type Sealed, type Waiting } from './journal/format.ts'
import type { ResponderOptions } from './respond.ts'

/** Milliseconds between two polls, while a step waits. */
const EVERY = 500

/** Milliseconds that an answer is kept, so that a user who has just seen the waiting step learns that it was answered. */
const LINGER = 60_000

/** What waits, for who reads no journal: as `Waiting`, without the alert and the parameters. */
const LIST = 'waiting.json'

/** The steps that wait for approval in a responder's folder. @throws {Error} when that cannot be read */
export async function waitingNow(folder: string): Promise<Omit<Waiting, 'full' | 'given'>[]> {
  const text = await readFile(join(folder, LIST), 'utf8').catch(error => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '[]'
    throw error
  })
  const waiting: Omit<Waiting, 'full' | 'given'>[] = JSON.parse(text)
  return waiting.filter(({ run, expires }) => Date.parse(expires) > Date.now() && !existsSync(fileOf(folder, run)))
}

/** The steps that wait for approval, from a journal's entries. @param now milliseconds since 1970 */
export function waitingIn(entries: readonly Sealed[], now: number = Date.now()): Waiting[] {
  return [...openIn(entries).values()].flatMap(({ entry, approved }) =>
    approved || Date.parse(entry.expires) <= now ? [] : [entry],
  )
}

/** Steps whose outcome is still open. One that was approved and not begun is among them: no call of it was made. */
function openIn(entries: readonly Sealed[]): Map<string, { entry: Waiting; approved: boolean }> {
  const found = new Map<string, { entry: Waiting; approved: boolean }>()
  for (const entry of entries) {
    if (entry.kind === 'waiting') found.set(entry.run, { entry, approved: false })
    else if (entry.kind === 'approved' && found.has(entry.run)) found.get(entry.run)!.approved = true
    else if (entry.kind !== 'note' && ENDS_WAITING.has(entry.kind)) found.delete(entry.run)
  }
  return found
}

export type Word = 'approved' | 'denied'

const fileOf = (folder: string, run: string) => join(folder, 'approve', run)

/**
 * Somebody's word about a step of the responder that uses the folder: the first one counts.
 * @param by who, for the journal
 * @returns false: somebody was first
 * @throws {Error} when the folder cannot be written
 */
export function answerWaiting(folder: string, { run }: Pick<Waiting, 'run'>, word: Word, by?: string): boolean {
  mkdirSync(join(folder, 'approve'), { recursive: true, mode: 0o700 })
  const file = fileOf(folder, run)
  const draft = `${file}.${crypto.randomUUID()}`
  writeFileSync(draft, [word, ...(by === undefined ? [] : [by.slice(0, 200)])].join('\n'))
  try {
    // It is there with its word, or not yet.
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Only what says so approves. @returns undefined: there is no answer yet */
function answerIn(file: string): { word: Word; by?: string } | undefined {
  try {
    const [word, by] = readFileSync(file, 'utf8').split('\n')
    return { word: word === 'approved' ? 'approved' : 'denied', ...(by && { by }) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export interface ApprovalsOptions extends Pick<ResponderOptions, 'journal' | 'log'> {
  readonly folder: string
  /** Resolves once the journal says what became of it; never rejects. */
  readonly approved: (alert: AlertData, waiting: Waiting) => Promise<void>
}

export class Approvals {
  readonly #options: ApprovalsOptions
  readonly #waiting = new Map<string, Waiting>()
  readonly #running = new Set<Promise<void>>()
  /** Those that were approved, and not begun before the process ended. */
  readonly #left: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #begun = false

  /** Knows what the journal says of earlier runs. */
  constructor(options: ApprovalsOptions) {
    this.#options = options
    for (const { entry, approved } of openIn(options.journal.entries).values())
      if (approved) this.#left.push(entry)
      else this.follow(entry)
  }

  /** Takes up what was approved before, unless its time is up. */
  begin(): void {
    this.#begun = true
    this.#sweep()
    for (const entry of this.#left.splice(0)) {
      if (Date.parse(entry.expires) <= Date.now()) this.#record(entry, { kind: 'expired' })
      else this.#run(entry)
    }
    this.#list()
  }

  /** Follows the journal, entry by entry. */
  follow(entry: Sealed): void {
    if (entry.kind !== 'waiting') return
    this.#waiting.set(entry.run, entry)
    this.#timer ??= setInterval(() => this.#look(), EVERY)
    if (this.#begun) this.#list()
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size
  }

  /** Running steps are completed. Approved steps that have not begun are executed by the next process. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
  }

  /** Words about what waits no longer, of an earlier process. */
  #sweep(): void {
    const folder = join(this.#options.folder, 'approve')
    try {
      for (const name of existsSync(folder) ? readdirSync(folder) : [])
        if (!this.#waiting.has(name.split('.', 1)[0]!)) rmSync(join(folder, name), { force: true })
    } catch (error) {
      this.#options.log('error', `approvals: ${(error as Error).message}`)
    }
  }

  #look(): void {
    for (const entry of this.#waiting.values()) {
      const file = fileOf(this.#options.folder, entry.run)
      try {
        if (Date.parse(entry.expires) <= Date.now()) this.#end(entry, { kind: 'expired' })
        else {
          const answer = answerIn(file)
          if (!answer) continue
          const { word, by } = answer
          if (!this.#end(entry, { kind: word, ...(by !== undefined && { by }) })) continue
          if (word === 'approved') this.#run(entry)
        }
        setTimeout(() => rmSync(file, { force: true }), LINGER).unref()
      } catch (error) {
        this.#options.log('error', `approvals: ${(error as Error).message}`)
      }
    }
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Each on its own: one that another responder is at holds up no other. */
  #run(entry: Waiting): void {
    const running = this.#options.approved(parseAlert(entry.full), entry).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** @returns false: it could not be recorded, so it waits */
  #end(entry: Waiting, ending: Ending): boolean {
    if (!this.#record(entry, ending)) return false
    this.#waiting.delete(entry.run)
    this.#list()
    return true
  }

  #list(): void {
    const path = join(this.#options.folder, LIST)
    try {
      const list = [...this.#waiting.values()].map(({ full: _, given: __, ...entry }) => entry)
      writeFileSync(`${path}.new`, JSON.stringify(list), { mode: 0o600 })
      renameSync(`${path}.new`, path)
    } catch (error) {
      this.#options.log('error', `approvals: ${(error as Error).message}`)
    }
  }

  #record(entry: Waiting, ending: Ending): boolean {
    try {
      this.#options.journal.append({ ...aboutOf(entry), ...ending })
      return true
    } catch (error) {
      this.#options.log('error', `journal: ${(error as Error).message}`)
      return false
    }
  }
}

type Ending = { readonly kind: Word; readonly by?: string } | { readonly kind: 'expired' }
