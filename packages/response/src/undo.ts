/** Undoes actions whose time is over, even after a restart: the journal lists what is due. */
import { parseAlert } from '@falc/engine'
import { callAll } from './act.ts'
import { type About, aboutOf, hasEffect, type Sealed } from './journal/format.ts'
import type { Journal } from './journal/journal.ts'
import type { Action } from './model/action.ts'
import type { Data, Ports } from './model/call.ts'

/** Milliseconds until an undo that could not be begun is tried again: twice as many each time, up to an hour. */
const AGAIN = 60_000
const MAX_AGAIN = 3_600_000

interface Due extends About {
  readonly until: string
  readonly undo: { readonly alert: string; readonly params: Data }
  /** When it is undone at the earliest, in milliseconds since 1970. */
  from: number
  /** Milliseconds until it is tried again, if it cannot be begun. */
  pause: number
  answers: readonly { readonly [key: string]: Data | undefined }[]
}

export interface UndoOptions {
  readonly journal: Journal
  readonly actions: readonly Action[]
  readonly ports: Ports
  /** Milliseconds after which a step without an answer gets none any more. */
  readonly patience: number
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void
}

export class Undo {
  readonly #options: UndoOptions
  readonly #due = new Map<string, Due>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: UndoOptions) {
    this.#options = options
  }

  /** How many things are to be undone. */
  get waiting(): number {
    return this.#due.size
  }

  /** Which steps these are. */
  get runs(): readonly string[] {
    return [...this.#due.keys()]
  }

  /** Follows the journal, entry by entry. */
  follow(entry: Sealed): void {
    if (entry.kind === 'asked' && entry.until !== undefined && entry.undo) {
      // An undo may need the answers, which can come later than the time is up.
      const from = Math.max(Date.parse(entry.until), Date.parse(entry.time) + this.#options.patience)
      this.#due.set(entry.run, { ...entry, until: entry.until, undo: entry.undo, from, pause: AGAIN, answers: [] })
    } else if (entry.kind === 'answered') this.#answered(entry)
    else if (entry.kind === 'undoing') this.#due.delete(entry.run)
    else return
    this.#arm()
  }

  /** Undoes something before its time. @returns false: there is nothing of this run to undo */
  async now(run: string): Promise<boolean> {
    const due = this.#due.get(run)
    if (due) await this.#inTurn(one => one === due)
    return due !== undefined
  }

  /** One that has begun is completed; the others are left to the next process. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#due.clear()
    await this.#running
  }

  /** Only what was done is undone. The result of an undecided call is unknown; undoing it is the safe choice. */
  #answered(entry: Extract<Sealed, { kind: 'answered' }>): void {
    const due = this.#due.get(entry.run)
    if (!due) return
    due.answers = entry.answers.flatMap(({ data }) => (data ? [data] : []))
    due.from = Date.parse(due.until)
    if (!hasEffect(entry)) this.#due.delete(entry.run)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const next = Math.min(...[...this.#due.values()].map(({ from }) => from))
    if (next === Number.POSITIVE_INFINITY) return
    // A timer's longest time is 24 days.
    this.#timer = setTimeout(() => this.#tick(), Math.min(Math.max(0, next - Date.now()), 2 ** 31 - 1))
    this.#timer.unref()
  }

  #tick(): void {
    void this.#inTurn(({ from }) => from <= Date.now())
  }

  /** One after the other. It is decided at its turn, since timers go off while another one is undone. */
  #inTurn(isWanted: (due: Due) => boolean): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const due of this.#due.values()) if (isWanted(due)) await this.#undo(due)
      this.#arm()
    })
    return this.#running
  }

  async #undo(due: Due): Promise<void> {
    const { journal, actions, ports, log } = this.#options
    const about = aboutOf(due)
    const action = actions.find(one => one.name === due.action)
    try {
      if (!action?.undo) throw new Error('there is no action any more that undoes it')
      const alert = parseAlert(due.undo.alert)
      const target = due.target!
      const done = { alert, params: due.undo.params as never, target, answers: due.answers }
      const calls = await (action.threaded ?? action).undo!(done)
      journal.append({ kind: 'undoing', ...about, plan: calls.map(call => call.says) })
      const acted = await callAll(calls, ports, { dry: false, signal: AbortSignal.timeout(60_000), alert })
      journal.append({ kind: 'undone', ...about, ...acted })
      log('info', `${due.playbook}: ${due.action} ${target.name}: undone: ${acted.outcome}`)
    } catch (error) {
      // One that was begun is not begun again.
      if (this.#due.get(due.run) === due) {
        due.from = Date.now() + due.pause
        due.pause = Math.min(2 * due.pause, MAX_AGAIN)
      }
      log('error', `${due.playbook}: ${due.action}: undo: ${(error as Error).message}`)
    }
  }
}
