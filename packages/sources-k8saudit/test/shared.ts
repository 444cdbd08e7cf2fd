/** The same input evaluated by one thread and by workers. */
import { alertJson, Engine } from '@falc/engine'
import type { AuditEvent, AuditInput, AuditProblem, InputOptions } from '../src/index.ts'
import { InOrder, Pool, type PoolOptions } from '../src/workers/workers.ts'
import { source } from './sieved.ts'

const rule = (name: string, condition: string, output: string) => ({
  ...{ rule: name, desc: 'd', condition, priority: 'INFO', source: 'k8s_audit', output },
})

export const RULES = JSON.stringify([
  rule('get', 'ka.verb = get', '%evt.time %ka.auditid %ka.user.name %jevt.value[/note]'),
  rule('long', 'ka.auditid endswith 7', '%ka.auditid %evt.plugininfo'),
])

export function engineOf(rules = RULES): Engine<typeof source> {
  const engine = new Engine({ sources: [source], ruleMatching: 'all', identity: 'test' })
  const { ok, errors } = engine.load([{ name: 'rules.yaml', content: rules }])
  if (!ok) throw new Error(errors[0]!.message)
  return engine
}

export interface Seen {
  /** As JSON, in the order in which they came. */
  readonly alerts: string[]
  readonly problems: AuditProblem[]
  readonly stats: AuditInput['stats']
  readonly losses: Record<string, number>
  /** Events that were evaluated, by this thread and by workers. */
  readonly events: number
}

type Open = (options: InputOptions) => AuditInput | Promise<AuditInput>

export async function byOne(
  open: Open,
  { rules = RULES, signal }: { rules?: string; signal?: AbortSignal } = {},
): Promise<Seen> {
  const engine = engineOf(rules)
  const problems: AuditProblem[] = []
  const input = await open({ onProblem: problem => void problems.push(problem), ...(signal && { signal }) })
  const alerts: string[] = []
  let events = 0
  for await (const batch of input.batches()) {
    events += batch.length
    for (const event of batch) alerts.push(...engine.evaluate(source, event).map(alert => alertJson(alert)))
  }
  return { alerts, problems, stats: input.stats, losses: input.losses(), events }
}

export interface Sharing extends Partial<PoolOptions> {
  readonly rules?: string
  readonly signal?: AbortSignal
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly usable?: () => boolean
  /** Called after each alert; the next one waits for it. */
  readonly eachAlert?: (alert: string) => unknown
  /** Called once the input and the workers are open. */
  readonly opened?: (pool: Pool, order: InOrder) => void
}

export interface SeenShared extends Seen {
  readonly order: InOrder
  /** Events by thread. */
  readonly shares: readonly number[]
}

const openPool = (options: Partial<PoolOptions>) =>
  Pool.open({ workers: 2, ruleset: engineOf().save(), identity: 'test', sieved: false, ...options })

let lent: Promise<Pool> | undefined

/** The pool of all tests that need none of their own, with these rules. */
export async function lentPool(ruleset = engineOf().save()): Promise<Pool> {
  lent ??= openPool({})
  const pool = await lent
  pool.load(ruleset)
  return pool
}

export async function closePool(): Promise<void> {
  await (await lent)?.close()
}

export async function byWorkers(open: Open, sharing: Sharing = {}): Promise<SeenShared> {
  const { rules = RULES, signal, minBytes = 0, maxBytes, usable = () => true, eachAlert, opened, ...options } = sharing
  const engine = engineOf(rules)
  const problems: AuditProblem[] = []
  const own = Object.keys(options).length > 0 || opened !== undefined
  const pool = own ? await openPool({ ruleset: engine.save(), ...options }) : await lentPool(engine.save())
  const before = pool.counts.map(({ events }) => events)
  try {
    const ending = new AbortController()
    const input = await open({
      onProblem: problem => void problems.push(problem),
      signal: signal ? AbortSignal.any([signal, ending.signal]) : ending.signal,
      divided: true,
    })
    const window = { minBytes, usable, stop: () => ending.abort(), ...(maxBytes !== undefined && { maxBytes }) }
    const order = new InOrder(input.pieces(), pool, window)
    opened?.(pool, order)
    const alerts: string[] = []
    let events = 0
    const evaluated = (batch: readonly AuditEvent[]) => batch.flatMap(event => engine.evaluate(source, event))
    for await (const result of order.results()) {
      events += Array.isArray(result) ? result.length : result.events
      for (const alert of Array.isArray(result) ? evaluated(result) : result.alerts) {
        const text = alertJson(alert)
        alerts.push(text)
        await eachAlert?.(text)
      }
    }
    const shares = pool.counts.map(({ events }, i) => events - before[i]!)
    return { alerts, problems, stats: input.stats, losses: input.losses(), events, order, shares }
  } finally {
    if (own) await pool.close()
  }
}
