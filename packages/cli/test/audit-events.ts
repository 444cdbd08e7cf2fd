/** A rule for audit events, and events that match it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const EVENT = {
  kind: 'Event',
  auditID: 'a',
  stage: 'ResponseComplete',
  verb: 'get',
  stageTimestamp: '2026-05-04T10:20:30.000000Z',
}

/** Writes rules.yaml, and audit.jsonl with one event that matches, then `more`. */
export function writeOneAlert(dir: string, more = ''): void {
  writeFileSync(
    join(dir, 'rules.yaml'),
    '- {rule: r, desc: d, condition: ka.verb = get, output: "got it", priority: WARNING, source: k8s_audit}\n',
  )
  writeFileSync(join(dir, 'audit.jsonl'), `${JSON.stringify(EVENT)}\n${more}`)
}

/** Writes rules.yaml with a rule whose alerts name the event: `saw NAME`. */
export function writeSeenRule(dir: string): void {
  writeFileSync(
    join(dir, 'rules.yaml'),
    '- {rule: seen, desc: d, condition: ka.verb = get, output: "saw %ka.target.name", priority: NOTICE, source: k8s_audit}\n',
  )
}

/** An event of that name, as JSON. */
export const seenEvent = (name: string) => JSON.stringify({ ...EVENT, auditID: name, objectRef: { name } })
