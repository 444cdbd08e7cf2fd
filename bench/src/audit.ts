/** Kubernetes audit events from bytes to alerts, against JSON.parse alone on the same bytes; 1×, 10×, 100× the rules. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Engine, type RulesFile } from '@falc/engine'
import { AuditLogDecoder, k8sAudit, PLUGINS, parseAuditEvents } from '@falc/sources-k8saudit'
import { clusterLog } from './cluster.ts'
import { auditRules, multiplied, root } from './files.ts'
import { type Contender, compare, type Measured, report, times } from './measure.ts'

const EVENTS = 20_000
const CLUSTER_EVENTS = 30_000
const CHUNK = 256 * 1024

/** What a copy of a rule excepts. */
const EXCEPTION = (n: number) => `(ka.user.name = "operator-${n}" and ka.uri startswith /apis/own${n})`

/** The bundled log again and again, with ids and user names changed, as bytes: one event a line. */
export function auditEvents(count: number): Buffer[] {
  const lines = readFileSync(join(root, 'examples/captures/k8s-audit.jsonl'), 'utf8').split('\n').filter(Boolean)
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(lines[i % lines.length]!.replace(/"auditID":"[^"]*"/, `"auditID":"bench-${i}"`)),
  )
}

export async function benchAudit(): Promise<void> {
  const bytes = auditEvents(EVENTS)
  const megabytes = bytes.reduce((n, b) => n + b.length, 0) / 1e6
  const source = k8sAudit()
  const contender = (factor: number, backend: 'vm' | 'jit', exception?: (n: number) => string): Contender => {
    const engine = new Engine({ sources: [source], plugins: PLUGINS, backend })
    const loaded = engine.load(multiplied(auditRules(), factor, exception))
    if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
    return {
      name: `${backend} ${factor}`,
      run() {
        let alerts = 0
        for (const b of bytes)
          for (const event of parseAuditEvents(b.toString())) alerts += engine.evaluate(source, event).length
        return alerts
      },
    }
  }
  const parse: Contender = {
    name: 'JSON.parse',
    run() {
      let n = 0
      for (const b of bytes) n += Object.keys(JSON.parse(b.toString())).length
      return n
    },
  }
  const measured = await compare(
    [
      parse,
      ...[contender(1, 'jit'), contender(1, 'vm'), contender(100, 'jit')],
      ...[10, 100].map(factor => contender(factor, 'jit', EXCEPTION)),
    ],
    5,
    1,
  )
  const [base, jit, vm, same, ten, hundred] = measured.map(m => m.ms) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  console.log(`Kubernetes audit: ${EVENTS} events, ${megabytes.toFixed(0)} MB, bytes to alerts`)
  report(
    'every event parsed, one at a time: rate beside JSON.parse alone',
    `${((100 * base) / jit).toFixed(0)} %`,
    'at least 60 %',
  )
  report('the VM beside the JIT, whole run', times(vm / jit))
  report('100 times the rules, with equal conditions', times(same / jit), 'at most 3×')
  report('10 times the rules, each with an exception of its own', times(ten / jit), 'under 2×')
  report('100 times the rules, each with an exception of its own', times(hundred / jit), 'at most 3×')
  await benchCluster()
}

/** A rule that leaves nothing to pass over, although it matches nothing. */
const WORST = `- rule: Never
  desc: d
  condition: ka.stage exists and ka.target.name = "no such name"
  output: o
  priority: INFO
  source: k8s_audit
`

/** A log of a cluster, as bytes in pieces, to alerts: with and without passing over what no rule can match. */
async function benchCluster(): Promise<void> {
  const lines = clusterLog(CLUSTER_EVENTS).map(line => Buffer.from(line))
  const log = Buffer.concat(lines.flatMap(line => [line, Buffer.from('\n')]))
  const source = k8sAudit()
  let passed = 0
  const contender = (rules: RulesFile[], sieved: boolean): Contender => {
    const engine = new Engine({ sources: [source], plugins: PLUGINS })
    const loaded = engine.load(rules)
    if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
    return {
      name: sieved ? 'passing over' : 'reading all',
      run() {
        const decoder = new AuditLogDecoder(sieved ? { sieve: () => engine.sieve(source) } : {})
        let alerts = 0
        for (let at = 0; at < log.length; at += CHUNK)
          for (const batch of decoder.read(log.subarray(at, at + CHUNK)))
            for (const event of batch) alerts += engine.evaluate(source, event).length
        if (sieved) passed = decoder.stats.passedOver
        return alerts
      },
    }
  }
  const parse: Contender = {
    name: 'JSON.parse',
    run: () => lines.reduce((n, line) => n + Object.keys(JSON.parse(line.toString())).length, 0),
  }
  const worst = [{ name: 'worst', content: WORST }]
  const [base, fast, slow] = await compare([parse, contender(auditRules(), true), contender(auditRules(), false)], 9, 2)
  const share = `${((100 * passed) / CLUSTER_EVENTS).toFixed(1)} %`
  const [looking, reading] = await compare([contender(worst, true), contender(worst, false)], 9, 2)
  const both = (of: (one: Measured) => number, one: Measured, other: Measured) => times(of(other) / of(one))
  const rate = (one: Measured) => `${both(m => m.min, one, base!)} (best), ${both(m => m.ms, one, base!)} (median)`
  report('a log of a cluster, warm: rate beside JSON.parse alone', rate(fast!), 'at least 2×')
  report('the same with every event parsed (--read-all)', rate(slow!))
  report('events passed over', share)
  report('nothing can be passed over: cost beside --read-all', times(looking!.min / reading!.min), 'at most 1.05×')
}
