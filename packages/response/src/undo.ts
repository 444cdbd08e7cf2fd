/** Undoes actions whose time is over, even after a restart: the journal lists what is due. */
import { parseAlert } from '@falc/engine'
import { callAll } from './act.ts'
import { type About, aboutOf, type Sealed } from './journal/format.ts'
import type { Journal } from './journal/journal.ts'
import type { Action } from './model/action.ts'
import type { Data, Ports } from './model/call.ts'

interface Due extends About {
  readonly until: string
  readonly undo: { readonly alert: string; readonly params: Data }
  answers: readonly { readonly [key: string]: Data | undefined }[]
}

export interface UndoOptions {
  readonly journal: Journal
  readonly actions: readonly Action[]
  readonly ports: Ports
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
    if (entry.kind === 'asked' && entry.until !== undefined && entry.undo)
      this.#due.set(entry.run, { ...entry, until: entry.until, undo: entry.undo, answers: [] })
    else if (entry.kind === 'answered') this.#answered(entry)
    else if (entry.kind === 'undoing') this.#due.delete(entry.run)
    else return
    this.#arm()
  }

  /** Undoes something before its time. @returns false: there is nothing of this run to undo */
  async now(run: string): Promise<boolean> {
    const due = this.#due.get(run)
    if (due) await this.#undo(due)
    return due !== undefined
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#due.clear()
    await this.#running
  }

  /** Only what was done is undone. The result of an undecided call is unknown; undoing it is the safe choice. */
  #answered({ run, outcome, answers }: Extract<Sealed, { kind: 'answered' }>): void {
    const due = this.#due.get(run)
    if (!due) return
    if (outcome === 'done' || outcome === 'undecided') due.answers = answers.flatMap(({ data }) => (data ? [data] : []))
    else this.#due.delete(run)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const next = Math.min(...[...this.#due.values()].map(({ until }) => Date.parse(until)))
    if (next === Number.POSITIVE_INFINITY) return
    // A timer's longest time is 24 days.
    this.#timer = setTimeout(() => this.#tick(), Math.min(Math.max(0, next - Date.now()), 2 ** 31 - 1))
    this.#timer.unref()
  }

  #tick(): void {
    const due = [...this.#due.values()].filter(({ until }) => Date.parse(until) <= Date.now())
    this.#running = this.#running.then(async () => {
      for (const one of due) await this.#undo(one)
      this.#arm()
    })
  }

  async #undo({ until: _, undo, answers, ...due }: Due): Promise<void> {
    const { journal, actions, ports, log } = this.#options
    const about = aboutOf(due)
    const action = actions.find(one => one.name === due.action)
    try {
      const alert = parseAlert(undo.alert)
      const target = due.target!
      const done = { alert, params: undo.params as never, target, answers }
      const calls = (await (action?.threaded ?? action)?.undo?.(done)) ?? []
      journal.append({ kind: 'undoing', ...about, plan: calls.map(call => call.says) })
      const acted = await callAll(calls, ports, { dry: false, signal: AbortSignal.timeout(60_000), alert })
      journal.append({ kind: 'undone', ...about, ...acted })
      log('info', `${due.playbook}: ${due.action} ${target.name}: undone: ${acted.outcome}`)
    } catch (error) {
      this.#due.delete(due.run)
      log('error', `${due.playbook}: ${due.action}: undo: ${(error as Error).message}`)
    }
  }
}
