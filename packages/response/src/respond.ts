/** An alert in front of playbooks: match → plan → guard → record → act → record → undo. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type AlertData, alertJson, isoTime } from '@falc/engine'
import { callAll, runAction } from './act.ts'
import { StepCounts } from './guard/counts.ts'
import type { Held } from './guard/held.ts'
import type { Limits } from './guard/limits.ts'
import { type Claim, type Once, onceKey, type Verdict } from './guard/once.ts'
import { onlyTells, type Protected } from './guard/protected.ts'
import type { About, Answered, Entry } from './journal/format.ts'
import { HeldNotes } from './journal/held-notes.ts'
import type { Journal } from './journal/journal.ts'
import type { Call, Data, Outcome, Ports } from './model/call.ts'
import { type Plan, type PlannedStep, planOf } from './plan.ts'
import type { Playbook } from './playbook/load.ts'

/** Moments between which a process can die: tests stop it there. */
export const POINTS = ['claimed', 'asked', 'acted', 'answered', 'settled'] as const
export type Point = (typeof POINTS)[number]

export interface ResponderOptions {
  readonly playbooks: readonly Playbook[]
  readonly journal: Journal
  readonly once: Once
  readonly limits: Limits
  /** Those of playbooks that run dry: they are held up as they would be. */
  readonly dryLimits: Limits
  readonly protection: Protected
  readonly ports: Ports
  /** This machine, as its sensor names it. Calls about processes, containers and files of others are not made. */
  readonly hostname: string
  /** While this file is there, nothing acts. */
  readonly stopFile: string
  /** Milliseconds that a step may take. Default 60,000. */
  readonly timeout?: number
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void
  readonly point?: (point: Point) => Promise<void> | void
}

/** What became of an alert. */
export interface Taken {
  readonly acted: number
  readonly held: number
  /** Another responder is at one of the steps, or it could not be recorded: the alert has to come again. */
  readonly busy: boolean
}

/** Vias whose targets are on one machine. */
const LOCAL: ReadonlySet<Call['via']> = new Set(['process', 'engine', 'file', 'capture'])

export class Responder {
  readonly counts = { alerts: 0, matched: 0, unrecorded: 0 }
  readonly outcomes: Partial<Record<Outcome, number>> = {}
  readonly steps: StepCounts
  readonly heldBy: Partial<Record<Held['guard'], number>> = {}
  readonly #options: ResponderOptions
  readonly #notes: HeldNotes
  readonly #stopping = new AbortController()

  constructor(options: ResponderOptions) {
    this.#options = options
    this.steps = new StepCounts(options.playbooks)
    this.#notes = new HeldNotes(entry => this.#record(entry))
  }

  /** All playbooks in order. Resolves when what was done is recorded; never rejects. */
  async take(alert: AlertData): Promise<Taken> {
    this.counts.alerts++
    const taken = { acted: 0, held: 0, busy: false }
    // What responders say of themselves is for people.
    if (alert.source === 'response') return taken
    for (const playbook of this.#options.playbooks) {
      const plan = await this.#planned(playbook, alert)
      if (!plan) continue
      this.counts.matched++
      for (const step of plan.steps) {
        const result = await this.#step(plan, step).catch(error => this.#failed(plan, step, error))
        if (result === 'busy') taken.busy = true
        else taken[result]++
      }
    }
    return taken
  }

  /** What there was, by outcome and by guard, for people. */
  get summary(): string {
    const counts = Object.entries({
      ...this.outcomes,
      ...prefixed(this.heldBy),
      'not recorded': this.counts.unrecorded,
    })
    const shown = counts.filter(([, n]) => n > 0).map(([what, n]) => `${what} ${n}`)
    return `${this.counts.alerts} ${this.counts.alerts === 1 ? 'alert' : 'alerts'}, ${this.counts.matched} for playbooks: ${shown.join(', ') || 'nothing'}`
  }

  /** Steps that are running get their signal. */
  stop(): void {
    this.#stopping.abort(new Error('the responder stops'))
  }

  async #planned(playbook: Playbook, alert: AlertData): Promise<Plan | undefined> {
    try {
      return await planOf(playbook, alert, this.#options.protection)
    } catch (error) {
      this.#options.log('error', `${playbook.name}: ${(error as Error).message}`)
      return undefined
    }
  }

  /**
   * A step that somebody has approved. It is planned and guarded anew: the world may have changed since.
   * @param run that of the entry that waited
   */
  async approved(alert: AlertData, playbook: string, number: number, run: string): Promise<void> {
    const known = this.#options.playbooks.find(({ name }) => name === playbook)
    const plan = known && (await this.#planned(known, alert))
    const planned = plan?.steps.find(one => one.number === number)
    if (!plan || !planned)
      return this.#options.log('warning', `${playbook}: step ${number} is no longer about this alert`)
    await this.#step(plan, planned, run).catch(error => this.#failed(plan, planned, error))
  }

  /** @param approval the run that was approved; undefined: nobody was asked */
  async #step(plan: Plan, planned: PlannedStep, approval?: string): Promise<'acted' | 'held' | 'busy'> {
    const { playbook, alert } = plan
    const { step, number, target, calls } = planned
    const { dryLimits, limits } = this.#options
    const waits = playbook.mode === 'approve' && approval === undefined && !onlyTells(calls)
    const dry = playbook.mode === 'dry-run' || waits
    const about = aboutOf(plan, planned, approval)
    const held = planned.held ?? this.#heldHere(planned, alert)
    if (held || !target) return this.#hold(about, held ?? { guard: 'field', reason: 'it has no target' })
    const place = (dry ? dryLimits : limits).take(playbook, target)
    if ('guard' in place) return this.#hold(about, place)
    const key = onceKey(playbook.name, number, `${waits ? 'wait ' : dry ? 'dry ' : ''}${step.action.name}`, target.uid)
    const verdict = await this.#claim(about, { key, alert: alert.id, limit: playbook.limits.per_target })
    if (!verdict.claimed) {
      place.release()
      if ('busy' in verdict) return 'busy'
      if ('guard' in verdict) return this.#hold(about, verdict)
      this.#answered(about, [], 'undecided', dry)
      return 'held'
    }
    await this.#options.point?.('claimed')
    if (waits) {
      const waiting: Entry = {
        ...{ kind: 'waiting', ...about, plan: sayings(calls), full: alertJson(alert, { id: true }) },
        expires: new Date(Date.now() + playbook.approval).toISOString(),
      }
      if (!(await this.#begun(about, waiting, key, place))) return 'busy'
      this.#log('info', about, `waits for approval: falc respond approve ${about.run.slice(0, 8)}`)
      return (await this.#settled(about, key, 'done')) ? 'held' : 'busy'
    }
    const until = step.lasts === undefined || dry ? undefined : new Date(Date.now() + step.lasts).toISOString()
    const asked: Entry = {
      ...{ kind: 'asked', ...about, dry },
      why: [playbook.when, ...(step.when === undefined ? [] : [step.when])],
      plan: sayings(calls),
      ...(until !== undefined && {
        until,
        undo: { alert: alertJson(alert, { id: true }), params: planned.params as Data },
      }),
    }
    if (!(await this.#begun(about, asked, key, place))) return 'busy'
    await this.#options.point?.('asked')
    const { answers, outcome } = await this.#act(planned, target, alert, dry)
    await this.#options.point?.('acted')
    this.#answered(about, answers, outcome, dry)
    await this.#options.point?.('answered')
    if (!(await this.#settled(about, key, outcome === 'undecided' ? 'undecided' : 'done'))) return 'busy'
    await this.#options.point?.('settled')
    return 'acted'
  }

  /** false: the alert has to come again, so that others learn of it. */
  async #settled(about: About, key: string, state: 'done' | 'undecided'): Promise<boolean> {
    try {
      await this.#options.once.settle(key, state)
      return true
    } catch (error) {
      this.#log('error', about, (error as Error).message)
      return false
    }
  }

  async #claim(about: About, claim: Claim): Promise<Verdict> {
    try {
      return await this.#options.once.claim(claim)
    } catch (error) {
      // Nothing was done: the alert has to come again.
      this.#log('error', about, (error as Error).message)
      return { claimed: false, busy: true }
    }
  }

  /** What cannot be recorded is not done: the claim and the place are given back. */
  async #begun(about: About, entry: Entry, key: string, place: { release(): void }): Promise<boolean> {
    try {
      this.#options.journal.append(entry)
      return true
    } catch (error) {
      place.release()
      this.#hold(about, { guard: 'record', reason: (error as Error).message }, false)
      this.#log('error', about, `journal: ${(error as Error).message}`)
      // A record that is not given back now is, when the alert comes again.
      await Promise.resolve(this.#options.once.release(key)).catch(() => {})
      return false
    }
  }

  async #act(
    { step, params, calls }: PlannedStep,
    target: NonNullable<PlannedStep['target']>,
    alert: AlertData,
    dry: boolean,
  ) {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#options.timeout ?? 60_000), this.#stopping.signal])
    const attempt = { dry, signal, alert }
    if (step.action.run) return runAction(step.action, { alert, params, target, dry, signal })
    return callAll(
      calls.filter(call => typeof call !== 'string'),
      this.#options.ports,
      attempt,
    )
  }

  /** What only this responder knows. */
  #heldHere({ calls }: PlannedStep, alert: AlertData): Held | undefined {
    const { stopFile, hostname } = this.#options
    if (existsSync(stopFile)) return { guard: 'stopped', reason: `everything is stopped: ${stopFile}` }
    const local = calls.some(call => typeof call !== 'string' && LOCAL.has(call.via))
    if (local && alert.hostname !== undefined && alert.hostname !== hostname)
      return { guard: 'machine', reason: `it happened on ${alert.hostname}, this is ${hostname}` }
    return undefined
  }

  #hold(about: About, { guard, reason }: Held, record = true): 'held' {
    this.heldBy[guard] = (this.heldBy[guard] ?? 0) + 1
    if (record && this.#notes.add(about, guard, reason)) this.#log('info', about, `held back: ${reason}`)
    else this.counts.unrecorded++
    return 'held'
  }

  #answered(about: About, answers: readonly Answered[], outcome: Outcome, dry: boolean): void {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1
    this.steps.add(about.action, outcome, dry)
    this.#record({ kind: 'answered', ...about, outcome, answers, dry })
    const said = answers.map(answer => answer.said).filter(Boolean)
    const level = outcome === 'failed' || outcome === 'refused' || outcome === 'undecided' ? 'warning' : 'info'
    this.#log(level, about, `${dry ? 'dry run, ' : ''}${outcome}${said.length === 0 ? '' : `: ${said.join('; ')}`}`)
  }

  /** Something of falc's own is broken; other steps and alerts go on. */
  #failed(plan: Plan, planned: PlannedStep, error: unknown): 'held' {
    this.#log('error', aboutOf(plan, planned), (error as Error).message)
    this.heldBy.record = (this.heldBy.record ?? 0) + 1
    return 'held'
  }

  #record(entry: Entry): void {
    try {
      this.#options.journal.append(entry)
    } catch (error) {
      this.#options.log('error', `journal: ${(error as Error).message}`)
    }
  }

  #log(level: 'info' | 'warning' | 'error', { playbook, action, target }: About, text: string): void {
    this.#options.log(level, `${playbook}: ${action}${target ? ` ${target.name}` : ''}: ${text}`)
  }
}

const prefixed = (counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).map(([guard, n]) => [`held back (${guard})`, n]))

const sayings = (calls: PlannedStep['calls']) => calls.map(call => (typeof call === 'string' ? call : call.says))

function aboutOf({ playbook, alert }: Plan, { step, number, target }: PlannedStep, run?: string): About {
  const { id, rule, hostname, output } = alert
  return {
    ...{ run: run ?? randomUUID(), playbook: playbook.name, step: number, action: step.action.name },
    ...(target && { target: bare(target) }),
    alert: {
      ...{ id, rule, time: isoTime(alert.time), output: output.slice(0, 2000) },
      ...(hostname !== undefined && { hostname }),
    },
  }
}

const bare = ({ kind, uid, name, namespace }: NonNullable<About['target']>) => ({
  ...{ kind, uid, name },
  ...(namespace !== undefined && { namespace }),
})
