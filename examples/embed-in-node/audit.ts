import { readFileSync } from 'node:fs'
import { type Alert, alertJson, Engine } from '@falc/engine'
import { k8sAudit, parseAuditEvents } from '@falc/sources-k8saudit'

const audit = k8sAudit()

/** An engine with the rules of a file. @throws {Error} with all errors in the file */
export function detector(rules: URL): Engine {
  const engine = new Engine({ sources: [audit], ruleMatching: 'all', timeFormatIso8601: true })
  const report = engine.load([{ name: rules.pathname, content: readFileSync(rules, 'utf8') }])
  for (const { code, message } of report.warnings) console.error(`${code}: ${message}`)
  if (!report.ok) throw new Error(report.errors.map(({ code, message }) => `${code}: ${message}`).join('\n'))
  return engine
}

/** The alerts for the events of an audit log. */
export function inspect(engine: Engine, log: string): Alert[] {
  return parseAuditEvents(log).flatMap(event => engine.evaluate(audit, event))
}

if (process.argv[1] === import.meta.filename) {
  const engine = detector(new URL('rules.yaml', import.meta.url))
  const log = readFileSync(new URL('audit.json', import.meta.url), 'utf8')
  for (const alert of inspect(engine, log)) console.log(alertJson(alert))
}
