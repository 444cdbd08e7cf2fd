/** Kubernetes audit events from bytes to alerts, against JSON.parse alone on the same bytes; 1×, 10×, 100× the rules. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Engine } from '@falc/engine'
import { k8sAudit, PLUGINS, parseAuditEvents } from '@falc/sources-k8saudit'
import { auditRules, multiplied, root } from './files.ts'
import { type Contender, compare, report, times } from './measure.ts'

const EVENTS = 100_000

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
  const contender = (factor: number, backend: 'vm' | 'jit'): Contender => {
    const engine = new Engine({ sources: [source], plugins: PLUGINS, backend })
    const loaded = engine.load(multiplied(auditRules(), factor))
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
    [parse, contender(1, 'jit'), contender(1, 'vm'), contender(10, 'jit'), contender(100, 'jit')],
    5,
    1,
  )
  const [base, jit, vm, ten, hundred] = measured.map(m => m.ms) as [number, number, number, number, number]
  console.log(`Kubernetes audit: ${EVENTS} events, ${megabytes.toFixed(0)} MB, bytes to alerts`)
  report('rate beside JSON.parse alone', `${((100 * base) / jit).toFixed(0)} %`, '60 %')
  report('the VM beside the JIT, whole run', times(vm / jit))
  report('10 times the rules', times(ten / jit), 'under 2×')
  report('100 times the rules', times(hundred / jit))
}
