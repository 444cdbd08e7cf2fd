import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Engine } from '../packages/engine/src/index.ts'
import { AuditLogDecoder, k8sAudit, parseAuditEvents } from '../packages/sources-k8saudit/src/index.ts'
import { readCases } from '../scripts/testing/cases.ts'
import { auditEvent } from './test/request.ts'
import { subjectOf, testSubjects } from './test/subject.ts'

const source = k8sAudit()
const engine = new Engine({ sources: [source], ruleMatching: 'all' })
const report = engine.load([
  { name: 'k8s_audit.yaml', content: readFileSync(join(import.meta.dirname, 'k8s_audit.yaml'), 'utf8') },
])

test('the rules load without errors or warnings', () => {
  expect(report.errors).toEqual([])
  expect(report.warnings).toEqual([])
})

const files = readCases(new URL('test/requests/', import.meta.url))
const subjects = files.flatMap(({ cases }) => cases.map(subjectOf))

describe.each(files)('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const { rule, fires } = subjectOf(one)
    const [event] = parseAuditEvents(auditEvent(one.text('request'), one.text('body')))
    const alerts = engine.evaluate(source, event!).map(alert => `${alert.rule}: ${alert.output.replace(/^\S+ /, '')}`)
    expect(
      alerts.some(alert => alert.startsWith(`${rule}: `)),
      alerts.join('\n') || 'no alert',
    ).toBe(fires)
    one.expect('alerts', alerts.join('\n'))
  })
})

testSubjects(report.rules, subjects)

test('the bundled audit log raises these alerts and no others', () => {
  const decoder = new AuditLogDecoder()
  const bytes = readFileSync(join(import.meta.dirname, '../examples/captures/k8s-audit.jsonl'))
  const events = [...decoder.push(bytes), ...decoder.end()]
  const counts: Record<string, number> = {}
  for (const event of events)
    for (const { rule } of engine.evaluate(source, event)) counts[rule] = (counts[rule] ?? 0) + 1
  expect(events.length).toBeGreaterThan(180)
  expect(counts).toEqual({
    'Anonymous API Request': 1,
    'Secrets Listed in All Namespaces': 1,
    'Exec or Attach to Pod': 1,
    'Privileged Container Created': 1,
    'Pod Using Host Namespaces': 2,
    'Sensitive Host Path Mounted by Pod': 1,
    'Cluster-Admin Role Bound': 1,
    'Role With Wildcards Created': 1,
    'System Service Account Token Issued': 1,
    'Workload Created in kube-system': 1,
    'NodePort Service Created by User': 1,
    'Credentials Written to ConfigMap': 1,
    'Kubelet Request Proxied by API Server': 1,
    'User Impersonated': 1,
    'Ephemeral Container Added to Pod': 1,
    'Kubernetes Events Deleted': 1,
  })
})
