/** Records what a responder does: in its journal, in counters and in notifications. */
import { type CountedSteps, StepCounts } from './guard/counts.ts'
import type { Held } from './guard/held.ts'
import type { About, Answered, Entry } from './journal/format.ts'
import { HeldNotes } from './journal/held-notes.ts'
import type { Journal } from './journal/journal.ts'
import type { Outcome } from './model/call.ts'
import type { Playbook } from './playbook/load.ts'

export type LogLine = (level: 'info' | 'warning' | 'error', text: string) => void

export class Account {
  readonly outcomes: Partial<Record<Outcome, number>> = {}
  readonly heldBy: Partial<Record<Held['guard'], number>> = {}
  /** Steps that were held back without an entry. */
  unrecorded = 0
  readonly #steps: StepCounts
  readonly #notes: HeldNotes
  readonly #journal: Journal
  readonly #log: LogLine

  constructor(playbooks: readonly Playbook[], journal: Journal, log: LogLine) {
    this.#journal = journal
    this.#log = log
    this.#steps = new StepCounts(playbooks)
    this.#notes = new HeldNotes(entry => this.#record(entry))
  }

  get steps(): CountedSteps {
    return this.#steps.all
  }

  /** By outcome and by guard, for people. */
  get summary(): string {
    const held = Object.entries(this.heldBy).map(([guard, n]) => [`held back (${guard})`, n] as const)
    const counts = [...Object.entries(this.outcomes), ...held, ['not recorded', this.unrecorded] as const]
    return counts.flatMap(([what, n]) => (n > 0 ? [`${what} ${n}`] : [])).join(', ') || 'nothing'
  }

  /** @param record default: the same once */
  hold(about: About, { guard, reason }: Held, record?: 'always' | 'never'): 'held' {
    this.heldBy[guard] = (this.heldBy[guard] ?? 0) + 1
    if (record === 'always') this.#record({ kind: 'held', ...about, guard, reason })
    if (record === 'always' || (record === undefined && this.#notes.add(about, guard, reason)))
      this.say('info', about, `held back: ${reason}`)
    else this.unrecorded++
    return 'held'
  }

  answered(about: About, answers: readonly Answered[], outcome: Outcome, dry: boolean): void {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1
    this.#steps.add(about.action, outcome, dry)
    this.#record({ kind: 'answered', ...about, outcome, answers, dry })
    const said = answers.map(answer => answer.said).filter(Boolean)
    const level = outcome === 'failed' || outcome === 'refused' || outcome === 'undecided' ? 'warning' : 'info'
    this.say(level, about, `${dry ? 'dry run, ' : ''}${outcome}${said.length === 0 ? '' : `: ${said.join('; ')}`}`)
  }

  /** Something of falc's own is broken; other steps and alerts go on. */
  failed(about: About, error: unknown): 'held' {
    this.say('error', about, (error as Error).message)
    this.heldBy.record = (this.heldBy.record ?? 0) + 1
    return 'held'
  }

  say(level: 'info' | 'warning' | 'error', { playbook, action, target }: About, text: string): void {
    this.#log(level, `${playbook}: ${action}${target ? ` ${target.name}` : ''}: ${text}`)
  }

  #record(entry: Entry): void {
    try {
      this.#journal.append(entry)
    } catch (error) {
      this.#log('error', `journal: ${(error as Error).message}`)
    }
  }
}
