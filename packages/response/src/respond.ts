/** The stages of an alert: match → plan → guard → record → act → record → undo. */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AlertData, alertJson } from '@falc/engine'
import { Account, type LogLine } from './account.ts'
import { callAll, runAction } from './act.ts'
import { type ApprovalNotice, WHOLE, waitingEntry } from './approval-notice.ts'
import { MAX_AGE, staleness } from './guard/age.ts'
import type { Held } from './guard/held.ts'
import type { Limits } from './guard/limits.ts'
import { type Claim, type Once, onceKey, type Verdict } from './guard/once.ts'
import { onlyTells, type Protected } from './guard/protected.ts'
import { type About, aboutOf, type Entry, type Waiting } from './journal/format.ts'
import type { Journal } from './journal/journal.ts'
import type { Attempt, Call, Data, Ports } from './model/call.ts'
import { aboutOfStep, callTexts, givenOf, type Plan, type PlannedStep, planOf } from './plan.ts'
import type { Playbook } from './playbook/load.ts'

/** Moments between which a process can die: tests stop it there. */
export const POINTS = ['approved', 'claimed', 'asked', 'acted', 'answered', 'settled'] as const
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
  /** Milliseconds after which an alert is acted on no more. Default 600,000. */
  readonly maxAge?: number
  /** The notification for a step that waits for approval. */
  readonly approvalNotice?: ApprovalNotice
  readonly log: LogLine
  readonly point?: (point: Point) => Promise<void> | void
}

/** The result of an alert. */
export interface Taken {
  readonly acted: number
  readonly held: number
  /** Another responder is at one of the steps, or it could not be recorded: the alert has to come again. */
  readonly busy: boolean
}

interface Taking {
  /** The run that was approved; undefined: no approval was needed. */
  readonly approval?: string
  readonly stale?: string | undefined
}

const NO_PLACE = { release: () => {} }

/** Whether it is the step that was asked about: playbooks may have been changed since. */
function isStepOf(planned: PlannedStep, waiting: Waiting): boolean {
  const { step, number, target, held } = planned
  if (number !== waiting.step || step.action.name !== waiting.action) return false
  if (target && target.uid !== waiting.target?.uid) return false
  return !!held || !waiting.given || JSON.stringify(givenOf(planned)) === JSON.stringify(waiting.given)
}

/** Milliseconds until an approved step is tried again at which another responder is. */
const AGAIN = 1000

/** Vias whose targets are on one machine. */
const LOCAL: ReadonlySet<Call['via']> = new Set(['process', 'engine', 'file', 'capture'])

export class Responder {
  readonly counts = { alerts: 0, matched: 0 }
  readonly #account: Account
  readonly #options: ResponderOptions
  readonly #stopping = new AbortController()

  constructor(options: ResponderOptions) {
    this.#options = options
    this.#account = new Account(options.playbooks, options.journal, options.log)
  }

  /**
   * All playbooks in order. Resolves when what was done is recorded; never rejects.
   * @param stored milliseconds since 1970 at which somebody kept it for this responder: it is no younger than that, whatever it says
   */
  async take(alert: AlertData, stored?: number): Promise<Taken> {
    this.counts.alerts++
    const taken = { acted: 0, held: 0, busy: false }
    // What responders say of themselves is for people.
    if (alert.source === 'response') return taken
    const stale = staleness(alert, this.#options.maxAge ?? MAX_AGE, stored)
    for (const playbook of this.#options.playbooks) {
      const plan = await this.#planned(playbook, alert)
      if (!plan) continue
      this.counts.matched++
      for (const step of plan.steps) {
        const result = await this.#step(plan, step, { stale }).catch(error =>
          this.#account.failed(aboutOfStep(plan, step), error),
        )
        if (result === 'busy') taken.busy = true
        else taken[result]++
      }
    }
    return taken
  }

  /** What there was, by outcome and by guard, for people. */
  get summary(): string {
    const { alerts, matched } = this.counts
    return `${alerts} ${alerts === 1 ? 'alert' : 'alerts'}, ${matched} for playbooks: ${this.#account.summary}`
  }

  get account(): Pick<Account, 'steps' | 'heldBy' | 'unrecorded'> {
    return this.#account
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
   * A step that somebody has approved. It is planned and guarded again, since the state may have changed.
   * @param waiting its run gets an entry that says what became of it, unless the process ends before
   */
  async approved(alert: AlertData, waiting: Waiting): Promise<void> {
    await this.#options.point?.('approved')
    const about = aboutOf(waiting)
    const known = this.#options.playbooks.find(({ name }) => name === about.playbook)
    const plan = known && (await this.#planned(known, alert))
    const planned = plan?.steps.find(one => isStepOf(one, waiting))
    if (!plan || !planned) {
      const reason = 'no playbook has this step for this alert any more, or it was changed'
      return void this.#account.hold(about, { guard: 'approval', reason }, 'always')
    }
    const { signal } = this.#stopping
    // One that has not begun when everything is to stop is the next process's.
    while (!signal.aborted) {
      const result = await this.#step(plan, planned, { approval: about.run }).catch(error =>
        this.#account.failed(aboutOfStep(plan, planned), error),
      )
      if (result !== 'busy') return
      await sleep(AGAIN, undefined, { signal }).catch(() => {})
    }
  }

  async #step(plan: Plan, planned: PlannedStep, { approval, stale }: Taking): Promise<'acted' | 'held' | 'busy'> {
    const { playbook, alert } = plan
    // Of what somebody approved there has to be an entry.
    const always = approval === undefined ? undefined : 'always'
    const { step, number, target, calls } = planned
    const { dryLimits, limits } = this.#options
    const waits = playbook.mode === 'approve' && approval === undefined && !onlyTells(calls)
    const dry = playbook.mode === 'dry-run' || waits
    const about = aboutOfStep(plan, planned, approval)
    const held = planned.held ?? this.#heldHere(planned, alert)
    if (held || !target)
      return this.#account.hold(about, held ?? { guard: 'field', reason: 'it has no target' }, always)
    // What is too old takes no place of a new one.
    const place = stale === undefined ? (dry ? dryLimits : limits).take(playbook, target) : NO_PLACE
    if ('guard' in place) return this.#account.hold(about, place, always)
    const key = onceKey(playbook.name, number, `${waits ? 'wait ' : dry ? 'dry ' : ''}${step.action.name}`, target.uid)
    const claim = { key, alert: alert.id, limit: playbook.limits.per_target, ...(stale !== undefined && { stale }) }
    const verdict = await this.#claim(about, claim)
    if (!verdict.claimed) {
      place.release()
      if ('busy' in verdict) return 'busy'
      if ('guard' in verdict) return this.#account.hold(about, verdict, always)
      this.#account.answered(about, [], 'undecided', dry)
      return 'held'
    }
    await this.#options.point?.('claimed')
    if (waits) {
      const expires = new Date(Date.now() + playbook.approval).toISOString()
      const what = { plan: callTexts(calls), given: givenOf(planned), expires }
      const { entry, call } = waitingEntry(about, alert, what, this.#options.approvalNotice)
      if (!(await this.#begun(about, entry, key, place))) return 'busy'
      if (call) void this.#invite(about, call, alert)
      this.#account.say('info', about, `waits for approval: falc respond approve ${about.run.slice(0, 8)}`)
      return (await this.#settled(about, key, 'done')) ? 'held' : 'busy'
    }
    const until = step.lasts === undefined || dry ? undefined : new Date(Date.now() + step.lasts).toISOString()
    const asked: Entry = {
      ...{ kind: 'asked', ...about, dry },
      why: [playbook.when, ...(step.when === undefined ? [] : [step.when])],
      plan: callTexts(calls),
      ...(until !== undefined && {
        until,
        undo: { alert: alertJson(alert, WHOLE), params: planned.params as Data },
      }),
    }
    if (!(await this.#begun(about, asked, key, place))) return 'busy'
    await this.#options.point?.('asked')
    const { answers, outcome } = await this.#act(planned, target, alert, dry)
    await this.#options.point?.('acted')
    this.#account.answered(about, answers, outcome, dry)
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
      this.#account.say('error', about, (error as Error).message)
      return false
    }
  }

  async #claim(about: About, claim: Claim): Promise<Verdict> {
    try {
      return await this.#options.once.claim(claim)
    } catch (error) {
      // Nothing was done: the alert has to come again.
      this.#account.say('error', about, (error as Error).message)
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
      this.#account.hold(about, { guard: 'record', reason: (error as Error).message }, 'never')
      this.#account.say('error', about, `journal: ${(error as Error).message}`)
      // A record that is not given back now is, when the alert comes again.
      await Promise.resolve(this.#options.once.release(key)).catch(() => {})
      return false
    }
  }

  /** Not awaited, since the receiver may be slow. The step waits even if the request for approval could not be sent. */
  async #invite(about: About, call: Call, alert: AlertData): Promise<void> {
    const { answers, outcome } = await callAll([call], this.#options.ports, this.#attempt(alert, false))
    if (outcome !== 'done') this.#account.say('error', about, `${call.says}: ${outcome}: ${answers[0]?.said}`)
  }

  #attempt(alert: AlertData, dry: boolean): Attempt {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#options.timeout ?? 60_000), this.#stopping.signal])
    return { dry, signal, alert }
  }

  async #act(
    { step, params, calls }: PlannedStep,
    target: NonNullable<PlannedStep['target']>,
    alert: AlertData,
    dry: boolean,
  ) {
    const attempt = this.#attempt(alert, dry)
    if (step.action.run) return runAction(step.action, { params, target, ...attempt })
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
}
