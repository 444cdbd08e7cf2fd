/** The same input with and without a sieve. */
import { alertJson, Engine } from '@falc/engine'
import { expect } from 'vitest'
import { type AuditEvent, AuditLogDecoder, type AuditProblem, k8sAudit } from '../src/index.ts'

export const source = k8sAudit()

export function engineOf(rules: string): Engine<typeof source> {
  const engine = new Engine({ sources: [source], ruleMatching: 'all' })
  const { ok, errors } = engine.load([{ name: 'rules.yaml', content: rules }])
  if (!ok) throw new Error(errors[0]!.message)
  return engine
}

export const rulesOf = (conditions: readonly string[]): string =>
  JSON.stringify(
    conditions.map((condition, i) => ({
      ...{ rule: `R${i}`, desc: 'd', condition, priority: 'INFO', source: 'k8s_audit' },
      output: '%evt.num %ka.auditid %ka.verb %ka.user.name %ka.target.name',
    })),
  )

interface Read {
  readonly alerts: string[]
  readonly problems: AuditProblem[]
  readonly stats: AuditLogDecoder['stats']
}

/** @param sieved with `--read-all`, nothing is passed over, but the ends of items are read as bytes */
function read(rules: string, chunks: Iterable<Uint8Array>, sieved: boolean | '--read-all'): Read {
  const engine = engineOf(rules)
  const problems: AuditProblem[] = []
  const decoder = new AuditLogDecoder({
    onProblem: problem => problems.push(problem),
    ...(sieved && { sieve: () => (sieved === true ? engine.sieve(source) : undefined) }),
  })
  const alerts: string[] = []
  const take = (events: readonly AuditEvent[]) => {
    for (const event of events) for (const alert of engine.evaluate(source, event)) alerts.push(alertJson(alert))
  }
  for (const chunk of chunks) take(decoder.push(chunk))
  take(decoder.end())
  return { alerts, problems, stats: decoder.stats }
}

/** Reads in all ways; returns how many events were passed over. */
export function compared(rules: string, chunks: readonly Uint8Array[]): number {
  const slow = read(rules, chunks, false)
  expect(read(rules, chunks, '--read-all')).toEqual(slow)
  const fast = read(rules, chunks, true)
  expect(fast.alerts).toEqual(slow.alerts)
  expect(fast.problems).toEqual(slow.problems)
  expect({ ...fast.stats, passedOver: 0 }).toEqual(slow.stats)
  return fast.stats.passedOver
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export const EVENT = {
  ...{ kind: 'Event', auditID: '1', stage: 'ResponseComplete', requestURI: '/api?a=b&c=d', verb: 'get' },
  ...{ user: { username: 'system:node:a', groups: ['system:nodes'] }, objectRef: { resource: 'pods', name: 'x' } },
  ...{ responseStatus: { code: 200 }, stageTimestamp: '2026-03-17T09:41:02.504211Z' },
}
export const line = (changes: object = {}): string => JSON.stringify({ ...EVENT, ...changes })
