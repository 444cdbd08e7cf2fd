/** What every host runs: from the bytes of an audit log to alerts, with the exports of `@falc/sources-k8saudit/source`. */
import { Engine } from '@falc/engine'
import { AuditLogDecoder, k8sAudit, PLUGINS, parseAuditEvents } from '@falc/sources-k8saudit/source'

const RULES = `
- rule: Secret Read
  desc: a secret was read
  condition: ka.target.resource = secrets and ka.verb = get
  output: "secret=%ka.target.name uid=%json.value[/user/uid] at=%jevt.time.iso8601"
  priority: WARNING
  source: k8s_audit
`

export function run(): { alerts: string[]; plugins: string; problem: string } {
  const source = k8sAudit()
  const engine = new Engine({ sources: [source] })
  engine.load([{ name: 'rules.yaml', content: RULES }])
  const log = ['db', 'tls'].map(
    name =>
      `{"kind":"Event","auditID":"${name}","stageTimestamp":"2026-03-17T09:41:00.123456Z","verb":"get","user":{"uid":12345678901234567890},"objectRef":{"resource":"secrets","name":"${name}"}}`,
  )
  const decoder = new AuditLogDecoder()
  const events = [...decoder.push(new TextEncoder().encode(log.join('\n'))), ...decoder.end()]
  let problem = ''
  parseAuditEvents(`[7,${log[0]}]`, ({ message }) => (problem = message))
  return {
    alerts: events.flatMap(event => engine.evaluate(source, event).map(alert => alert.output)),
    plugins: PLUGINS.map(({ name }) => name).join(' '),
    problem,
  }
}
