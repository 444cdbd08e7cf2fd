/** Alerts of audit events have the same ids whenever and in whatever order the events arrive. */
import { readFileSync } from 'node:fs'
import { Engine } from '@falc/engine'
import { expect, test } from 'vitest'
import type { AuditEvent } from '../src/event.ts'
import { k8sAudit } from '../src/k8s-audit.ts'
import { parseAuditEvents } from '../src/parse.ts'

const source = k8sAudit()
const LOG = readFileSync(new URL('../../../examples/captures/k8s-audit.jsonl', import.meta.url), 'utf8').trim()

function ids(events: readonly AuditEvent[], identity = 'cluster'): string[] {
  const engine = new Engine({ sources: [source], identity })
  const rule = {
    rule: 'r',
    desc: 'd',
    condition: 'jevt.rawtime exists',
    output: 'o',
    priority: 'INFO',
    source: 'k8s_audit',
  }
  expect(engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }]).errors).toEqual([])
  return events.map(event => engine.evaluate(source, event)[0]!.id)
}
const parsed = (lines: readonly string[]) => lines.flatMap(line => parseAuditEvents(line))

test('a log gives the same ids when it is read again, backwards, or as one list', () => {
  const lines = LOG.split('\n').slice(0, 500)
  const first = ids(parsed(lines))
  expect(new Set(first).size).toBe(first.length)
  expect(first.length).toBeGreaterThan(20)
  expect(ids(parsed(lines))).toEqual(first)
  expect(ids(parsed(lines.toReversed())).toReversed()).toEqual(first)
  expect(ids(parseAuditEvents(`{"kind":"EventList","items":[${lines.join(',')}]}`))).toEqual(first)
})

test('ids differ between stages of a request, requests at the same time, and clusters', () => {
  const event = (auditID: string, stage: string) =>
    `{"kind":"Event","auditID":"${auditID}","stage":"${stage}","stageTimestamp":"2026-11-24T10:00:00.000001Z"}`
  const lines = [event('a', 'RequestReceived'), event('a', 'ResponseComplete'), event('b', 'RequestReceived')]
  const found = [...ids(parsed(lines)), ...ids(parsed(lines), 'other')]
  expect(new Set(found).size).toBe(6)
})
