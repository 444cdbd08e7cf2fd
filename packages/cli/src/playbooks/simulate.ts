/** `falc respond simulate`: what playbooks would have done about the alerts of a store, within their limits. */
import { isoTime } from '@falc/engine'
import { type Playbook, type SimulatedStep, Simulation } from '@falc/response'
import { print } from '../command.ts'
import { openStore, queryOf, storeFailure } from '../history/open.ts'
import { printable } from '../printable.ts'
import { storeOf } from '../run/open-console.ts'
import type { RespondCall } from './call.ts'
import { loaded } from './check.ts'

/** Alerts that are read at a time, so that no reading stays open. */
const PAGE = 20_000
/** Rows that are looked at at a time: all. To begin with a part costs as much as thousands of alerts. */
const PART = Number.MAX_SAFE_INTEGER

/** @throws {CliError} */
export async function simulate(call: RespondCall): Promise<number> {
  const { config, flags, source } = call
  const playbooks = await loaded(call)
  const { protect, unprotect, fuse } = config.response
  const simulation = new Simulation(playbooks, source, { protect, unprotect, fuse })
  const { path } = flags.db === undefined ? storeOf(config) : { path: flags.db }
  const store = await openStore(path)
  const summary = new Map<string, Map<string, number>>()
  try {
    // The store looks for what any of the playbooks is about.
    const condition = playbooks.map(({ when }) => `(${when})`).join(' or ')
    const query = queryOf({ condition, since: flags.since }, source)
    for (let after = 0, read = PAGE; read === PAGE; ) {
      // Plans from threads are awaited after reading.
      const waiting: { readonly time: bigint; readonly steps: Promise<SimulatedStep[]> }[] = []
      read = 0
      for (const { seq, alert } of store.search(query, { after, oldest: true, part: PART })) {
        const { time } = alert
        const steps = simulation.take(alert)
        if (steps instanceof Promise) waiting.push({ time, steps })
        else for (const step of steps) tell(step, time, summary, flags.json)
        after = seq
        if (++read === PAGE) break
      }
      for (const { time, steps } of waiting) for (const step of await steps) tell(step, time, summary, flags.json)
    }
  } catch (error) {
    throw storeFailure(error, path)
  } finally {
    store.close()
  }
  if (!flags.json) for (const playbook of playbooks) print(summaryOf(playbook, summary))
  return 0
}

function tell(step: SimulatedStep, time: bigint, summary: Map<string, Map<string, number>>, json: boolean): void {
  const counts = summary.get(step.playbook) ?? new Map<string, number>()
  summary.set(step.playbook, counts)
  const outcome = step.held ? `held back (${step.held.guard})` : 'acts'
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  if (json) print(`${JSON.stringify({ time: isoTime(time), ...step })}\n`)
  else if (!step.held) print(`${isoTime(time)} ${printable(`${step.playbook} · ${step.plan.join('; ')}`)}\n`)
}

function summaryOf({ name }: Playbook, summary: Map<string, Map<string, number>>): string {
  const counts = [...(summary.get(name) ?? [])].map(([outcome, n]) => `${outcome} ${n}`)
  return `${name}: ${counts.length === 0 ? 'nothing' : counts.join(', ')}\n`
}
