/**
 * Listens for a cluster's audit webhook and prints the alerts. With AUDIT_TOKEN, clients must send this bearer token.
 *
 *   node serve.ts http://:9765/k8s-audit ../../rules/k8s_audit.yaml
 *   node serve.ts https://:9765/k8s-audit ../../rules/k8s_audit.yaml falc.pem
 */
import { readFileSync } from 'node:fs'
import { Engine } from '@falc/engine'
import { k8sAudit, openAuditWebhook, parseOpenParams } from '@falc/sources-k8saudit'

const [listen = 'http://:9765/k8s-audit', rulesFile = '../../rules/k8s_audit.yaml', pem] = process.argv.slice(2)

const source = k8sAudit()
const engine = new Engine({ sources: [source] })
const report = engine.load([{ name: rulesFile, content: readFileSync(rulesFile, 'utf8') }])
for (const { code, message } of [...report.errors, ...report.warnings]) console.error(`${code}: ${message}`)
if (!report.ok) process.exit(1)

const at = parseOpenParams(listen)
if (at.kind !== 'webhook') throw new TypeError(`${listen} is not an address to listen on`)
if (at.tls && !pem) throw new TypeError('https needs a PEM file with certificate and key')

const token = process.env.AUDIT_TOKEN
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const webhook = await openAuditWebhook({
  ...at,
  tls: at.tls ? pem : undefined,
  ...(token && { tokens: [token] }),
  answer: 'evaluated',
  signal: stop.signal,
  onProblem: problem => console.error(`rejected: ${problem.cause}: ${problem.message}`),
})
if (webhook.exposed) console.error(`warning: ${webhook.exposed}`)
console.error(`listening at ${webhook.url} with ${report.rules.length} rules`)

for await (const batch of webhook.batches())
  for (const event of batch) for (const alert of engine.evaluate(source, event)) console.log(alert.output)

const { events, refused } = webhook.stats
console.error(`stopped after ${events} events, refused: ${JSON.stringify(refused)}`)
