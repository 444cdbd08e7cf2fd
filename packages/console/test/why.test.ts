/** Why an alert was raised, from what its sensor recorded: each check has the result that the engine reports for the event. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AlertData, alertJson, alerts, Engine, parseAlert, type Source } from '@falc/engine'
import { k8sAudit, parseAuditEvents } from '@falc/sources-k8saudit'
import { openCapture, syscall } from '@falc/sources-syscall'
import { expect, test } from 'vitest'
import { explainAlert } from '../src/clauses.ts'

const ROOT = join(import.meta.dirname, '../../..')
const SYSCALL = syscall()
const AUDIT = k8sAudit()
const CONDITIONS = alerts({ sources: [SYSCALL, AUDIT], filterOnly: true })

/** Conditions that our own rules lack: networks, transformers, flags, and fields on both sides. */
const OTHERS = `
- rule: Connected
  desc: d
  condition: >
    evt.type = connect and fd.sip exists and not fd.snet = 203.0.113.0/24 and fd.net != "192.0.2.0/24" and fd.port != 1
  output: x
  priority: Notice
- rule: Opened
  desc: d
  condition: evt.type in (open, openat) and evt.is_open_write = true and toupper(proc.name) != X and fd.name != val(proc.exepath)
  output: x
  priority: Notice
`

const rules = (name: string) => ({ name, content: readFileSync(join(ROOT, 'rules', name), 'utf8') })

/** Each check of a condition, and whether it holds. */
function checks(node: any): [text: string, truth: boolean][] {
  return node.children ? node.children.flatMap(checks) : [[node.text, node.truth]]
}

test.each([
  ['system calls', SYSCALL, rules('syscall.yaml'), 'container-a.scap', 5],
  ['networks, transformers and two fields', SYSCALL, { name: 'others.yaml', content: OTHERS }, 'host-a.scap', 20],
  ['audit events', AUDIT, rules('k8s_audit.yaml'), 'k8s-audit.jsonl', 5],
])('%s: each check of an explanation has the same result as in the engine', async (_, source, file, events, least) => {
  const appendOutput = [{ condition_fields: true }]
  const engine = new Engine({ sources: [SYSCALL, AUDIT], ruleMatching: 'all', appendOutput })
  const report = engine.load([file])
  expect(report.errors).toEqual([])
  const loaded = new Map(report.rules.map(rule => [rule.name, rule]))
  let seen = 0
  for await (const event of eventsOf(join(ROOT, 'examples/captures', events)))
    for (const alert of engine.evaluate(source as Source, event)) {
      seen++
      const sent: AlertData = parseAlert(alertJson(alert, { id: true, condition_fields: true }))
      const why = explainAlert(loaded.get(alert.rule)!, sent, CONDITIONS)
      expect([why.from, why.possible]).toEqual(['recorded', true])
      expect(checks(why.condition)).toEqual(checks(engine.explain(source as Source, event, alert.rule).condition))
    }
  expect(seen).toBeGreaterThan(least)
})

async function* eventsOf(path: string): AsyncGenerator<unknown> {
  if (!path.endsWith('.scap')) {
    for (const line of readFileSync(path, 'utf8').trim().split('\n')) yield* parseAuditEvents(line)
    return
  }
  const replay = await openCapture(path)
  do {
    while (replay.next()) yield replay.event
  } while (await replay.fill())
}
