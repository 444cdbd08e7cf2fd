/** Rules see all of a large event, even what is hidden deep inside. */
import { Readable } from 'node:stream'
import { Engine } from '@falc/engine'
import { expect, test } from 'vitest'
import { AuditLogDecoder, k8sAudit, parseAuditBody, readAuditStream } from '../src/index.ts'

const RULES = `
- rule: Wildcard
  desc: d
  condition: ka.req.role.rules.verbs intersects ("*")
  output: "wildcard in %ka.target.name"
  priority: WARNING
  source: k8s_audit
- rule: Privileged
  desc: d
  condition: ka.req.pod.containers.privileged intersects (true)
  output: "privileged in %ka.target.name"
  priority: WARNING
  source: k8s_audit
`
const source = k8sAudit()
const engine = new Engine({ sources: [source] })
engine.load([{ name: 'rules.yaml', content: RULES }])

const harmless = { apiGroups: ['apps.example.com'], resources: ['deployments'], verbs: ['get', 'list'] }
const role = { rules: [...Array.from({ length: 5200 }, () => harmless), { ...harmless, verbs: ['*'] }] }
const container = { name: 'web', image: 'registry.shop.example:5000/team/web:1.2.3', command: ['/bin/server'] }
const containers = Array.from({ length: 4501 }, (_, i) =>
  i === 4000 ? { ...container, securityContext: { privileged: true } } : container,
)

const event = (name: string, requestObject: object): string =>
  JSON.stringify({ kind: 'Event', auditID: name, verb: 'create', objectRef: { name }, requestObject })

test.each([
  ["a role's 5,201st rule", event('role', role), 'wildcard in role'],
  ['a container among 4,501', event('pod', { spec: { containers } }), 'privileged in pod'],
])('%s is seen by rules', (_, text, alert) => {
  expect(text.length).toBeGreaterThan(300_000)
  const logged = new AuditLogDecoder({ maxEventSize: 1000 }).push(new TextEncoder().encode(`${text}\n`))
  const listed = parseAuditBody(`{"kind":"EventList","items":[${text}]}`, { maxEventSize: 1000 }).events
  for (const one of [...logged, ...listed]) {
    const alerts = engine.evaluate(source, one).map(({ output }) => output.replace(/^\S+ \S+ /, ''))
    expect(alerts).toEqual([alert])
    expect(one.printed().length).toBeLessThanOrEqual(1000)
  }
  expect([logged.length, listed.length]).toEqual([1, 1])
})

/** Items that are small as text, and many times as large once they are parsed. */
const list = (items: number) => `{"kind":"EventList","items":[${'{"auditID":"1","x":[{},{},{},{}]},'.repeat(items)}17]}`

test('a large list in a log is parsed a part at a time', () => {
  const bytes = new TextEncoder().encode(`${list(400_000)}\n{"auditID":"last"}\n`)
  const decoder = new AuditLogDecoder()
  const before = process.memoryUsage().heapUsed
  let peak = 0
  let batches = 0
  let last: unknown
  for (const events of decoder.read(bytes)) {
    expect(events.length).toBeLessThanOrEqual(256)
    last = events.at(-1)?.root.auditID
    if (++batches % 64 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed)
  }
  expect([last, decoder.stats.events, decoder.stats.rejected['not-an-event']]).toEqual(['last', 400_001, 1])
  // Parsed as a whole, it would take ten times the memory of its text.
  expect(peak - before).toBeLessThan(4 * bytes.length)
})

test('the event loop keeps running while a large list is read from a stream', async () => {
  let turns = 0
  let timer = setImmediate(function again() {
    turns++
    timer = setImmediate(again)
  })
  const input = readAuditStream(Readable.from([new TextEncoder().encode(list(20_000))]))
  let events = 0
  for await (const batch of input.batches()) events += batch.length
  clearImmediate(timer)
  expect(events).toBe(20_000)
  expect(turns).toBeGreaterThanOrEqual(Math.floor(20_000 / 256))
})

test('a document of many short lines is bounded by the memory that its lines take', () => {
  const decoder = new AuditLogDecoder({ maxDocumentSize: 1 << 20 })
  const line = new TextEncoder().encode('1,\n')
  decoder.push(new TextEncoder().encode('[\n'))
  let lines = 0
  for (; decoder.stats.rejected['too-large'] === 0; lines++) decoder.push(line)
  expect(lines).toBeLessThan((1 << 20) / 32)
})

test.each([
  ['lines that are not JSON', 'x\n'],
  ['lines that open a document', '{\n'],
  ['documents of two lines', '{\n}\n'],
  ['empty lists, one per line', '[]\n'],
  ['documents on one line', '{}'],
  ['items of a list on one line', '[{}', ',{}'],
])('a log of %s is read in turns of a few hundred at most', (_, first, more = first) => {
  const decoder = new AuditLogDecoder()
  const text = `${first}${more.repeat(250_000 / more.length)}${first.startsWith('[{') ? ']' : ''}\n`
  let turns = 0
  let seen = 0
  for (const _batch of decoder.read(Buffer.from(text))) {
    const { events, rejected } = decoder.stats
    const now = events + Object.values(rejected).reduce((sum, count) => sum + count, 0)
    expect(now - seen).toBeLessThanOrEqual(600)
    seen = now
    turns++
  }
  expect(turns).toBeGreaterThan(100)
})
