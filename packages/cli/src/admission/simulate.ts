import { type AuditEvent, asReviewed } from '@falc/sources-k8saudit'
import { print } from '../command.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { printable } from '../printable.ts'
import type { Loaded } from '../run/session.ts'
import { k8sAuditFeed } from '../sources/k8s-audit-feed.ts'
import { Policy } from './policy.ts'

/**
 * Prints which requests of an audit log would have been denied or admitted with a warning.
 * @param from as `--k8s-audit`
 * @throws {CliError} when the log cannot be read
 */
export async function simulate(loaded: Loaded, from: string, json: boolean, log: Log): Promise<number> {
  const policy = new Policy(loaded.config.admission, loaded.rules)
  const [unknown] = policy.unknown
  if (unknown !== undefined) throw new CliError(`admission.deny: there is no ${unknown} over audit events`)
  for (const note of policy.notes) log.info(note)
  const feed = k8sAuditFeed({ from, warn: text => log.warning(text) })
  if (!feed.finite) throw new CliError('--audit is a log: a file, a folder, or a file on standard input')
  const total = { requests: 0, denied: 0, warned: 0, bare: 0 }
  const byRule = new Map<string, number>()
  // Of a connection that both its beginning and its end are logged, only what is new is shown.
  const event = (logged: AuditEvent) => {
    const { event, bare } = asReviewed(logged)
    if (event === undefined) return false
    if (logged.root.stage === 'ResponseComplete') total.requests++
    if (bare) total.bare++
    const alerts = loaded.engine.evaluate('k8s_audit', event) ?? []
    const rules = [...new Set(alerts.map(({ rule }) => rule))]
    if (rules.length === 0) return false
    for (const rule of rules) byRule.set(rule, (byRule.get(rule) ?? 0) + 1)
    const answer = policy.answer(rules)
    total[answer.allowed ? 'warned' : 'denied']++
    return !show(logged, answer, json)
  }
  const drained = () => {
    if (!process.stdout.writableNeedDrain) return undefined
    return new Promise<void>(resolve => process.stdout.once('drain', resolve))
  }
  await feed.run({ event, pause: drained }, new AbortController().signal)
  if (json) return 0
  for (const [rule, matches] of [...byRule].sort((a, b) => b[1] - a[1]))
    print(`${String(matches).padStart(8)}  ${policy.modes.get(rule)}  ${rule}\n`)
  print(`${count(total.requests, 'request')}: ${total.denied} denied, ${total.warned} admitted with a warning\n`)
  if (total.bare > 0)
    print(
      `${count(total.bare, 'request')} logged without an object (audit level Metadata): rules over objects see nothing\n`,
    )
  return 0
}

function show({ root }: AuditEvent, answer: ReturnType<Policy['answer']>, json: boolean): boolean {
  const { objectRef, user, verb, auditID, stageTimestamp } = root as Readonly<Record<string, any>>
  const { resource, subresource, namespace, name } = objectRef ?? {}
  const target = [namespace, subresource === undefined ? resource : `${resource}/${subresource}`, name]
  const line = json
    ? JSON.stringify({ time: stageTimestamp, auditID, user: user?.username, verb, objectRef, ...answer })
    : `${answer.allowed ? 'warn' : 'deny'}  ${stageTimestamp} ${user?.username} ${verb} ${target.filter(Boolean).join(' ')}: ${sentences(answer)}`
  return print(`${printable(line)}\n`)
}

function sentences({ status, warnings = [] }: ReturnType<Policy['answer']>): string {
  return [...(status ? [status.message] : []), ...warnings.map(text => text.replace(/^falc: /, ''))].join('; ')
}
