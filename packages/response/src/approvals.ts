/**
 * Steps that wait for somebody. Whoever may write into the responder's folder may approve: a file in `approve` with the step's run as its name,
 * which is random and counts once.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AlertData, parseAlert } from '@falc/engine'
import { aboutOf, type Sealed } from './journal/format.ts'
import type { Journal } from './journal/journal.ts'

/** Milliseconds between two looks, while something waits. */
const EVERY = 500

export type Waiting = Extract<Sealed, { kind: 'waiting' }>

/** What waits, of a journal's entries. @param now milliseconds since 1970 */
export function waitingIn(entries: readonly Sealed[], now: number = Date.now()): Waiting[] {
  const found = new Map<string, Waiting>()
  for (const entry of entries) {
    if (entry.kind === 'waiting') found.set(entry.run, entry)
    else if (entry.kind === 'approved' || entry.kind === 'denied' || entry.kind === 'expired') found.delete(entry.run)
  }
  return [...found.values()].filter(({ expires }) => Date.parse(expires) > now)
}

const fileOf = (folder: string, run: string) => join(folder, 'approve', run)

/** Somebody's word about a step of the responder that uses the folder. @throws {Error} when the folder cannot be written */
export function answerWaiting(folder: string, { run }: Pick<Waiting, 'run'>, word: Word): void {
  mkdirSync(join(folder, 'approve'), { recursive: true, mode: 0o700 })
  // It is there with its word, or not yet.
  const file = fileOf(folder, run)
  writeFileSync(`${file}.new`, word)
  renameSync(`${file}.new`, file)
}

export type Word = 'approved' | 'denied'

/** Only what says so approves. */
const wordIn = (file: string): Word => (readFileSync(file, 'utf8') === 'approved' ? 'approved' : 'denied')

export class Approvals {
  readonly #folder: string
  readonly #journal: Journal
  readonly #approved: (alert: AlertData, entry: Waiting) => Promise<void>
  readonly #waiting = new Map<string, Waiting>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(folder: string, journal: Journal, approved: (alert: AlertData, entry: Waiting) => Promise<void>) {
    this.#folder = folder
    this.#journal = journal
    this.#approved = approved
    for (const entry of waitingIn(journal.entries)) this.follow(entry)
  }

  /** Follows the journal, entry by entry. */
  follow(entry: Sealed): void {
    if (entry.kind !== 'waiting') return
    this.#waiting.set(entry.run, entry)
    this.#timer ??= setInterval(() => this.#look(), EVERY)
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  #look(): void {
    for (const entry of this.#waiting.values()) {
      const file = fileOf(this.#folder, entry.run)
      if (Date.parse(entry.expires) <= Date.now()) this.#end(entry, 'expired')
      else if (existsSync(file)) {
        const word = wordIn(file)
        this.#end(entry, word)
        if (word === 'approved') this.#running = this.#running.then(() => this.#approved(parseAlert(entry.full), entry))
      } else continue
      rmSync(file, { force: true })
    }
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #end(entry: Waiting, kind: Word | 'expired'): void {
    this.#waiting.delete(entry.run)
    this.#journal.append({ kind, ...aboutOf(entry) })
  }
}
