/** The feed of audit events: authentication, alerts about what is rejected, positions. */
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import type { InternalAlert } from '../src/alerts/internal.ts'
import { AuditDrops } from '../src/sources/audit-drops.ts'
import { type K8sAuditOptions, k8sAuditFeed } from '../src/sources/k8s-audit-feed.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-audit-feed-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true })
})

function run(options: Omit<K8sAuditOptions, 'warn'>) {
  const stop = new AbortController()
  const ids: unknown[] = []
  const alerts: InternalAlert[] = []
  const warnings: string[] = []
  const feed = k8sAuditFeed({ ...options, warn: text => warnings.push(text) })
  const consumer = {
    event: (event: { root: { auditID: unknown } }) => void ids.push(event.root.auditID),
    pause: () => undefined,
    report: (alert: InternalAlert) => void alerts.push(alert),
  }
  const done = feed.run(consumer, stop.signal)
  const end = async () => {
    stop.abort()
    await done
  }
  return { ids, alerts, warnings, feed, end }
}

const settings = (some: object) => some as NonNullable<K8sAuditOptions['settings']>

async function post(port: number, body: string, headers: Record<string, string> = {}): Promise<number> {
  const request = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }
  return (await fetch(`http://127.0.0.1:${port}/k8s-audit`, request)).status
}

test('an unauthenticated webhook on all addresses is warned about; tokens are read from a file', async () => {
  const port = await freePort()
  const open = run({ from: `http://:${port}/k8s-audit` })
  await eventually(() => expect(open.warnings).toHaveLength(1))
  expect(open.warnings[0]).toContain(
    `listening on all addresses without authentication: anyone who can reach port ${port}`,
  )
  await open.end()
  writeFileSync(join(dir, 'tokens'), 'one\n\ntwo\n')
  const closed = run({ from: `http://:${port}/k8s-audit`, settings: settings({ tokenFile: join(dir, 'tokens') }) })
  const event = '{"kind":"Event","auditID":"1"}'
  await eventually(async () => expect(await post(port, event)).toBe(401))
  expect(await post(port, event, { authorization: 'Bearer two' })).toBe(200)
  await closed.end()
  expect(closed.warnings).toEqual([])
  expect(closed.ids).toEqual(['1'])
  expect(Object.values(closed.feed.losses()).filter(count => count > 0)).toEqual([])
})

test('a rejected item is counted once and raises an alert', async () => {
  const port = await freePort()
  const audit = run({ from: `http://127.0.0.1:${port}/k8s-audit` })
  const list = '{"kind":"EventList","items":[{"auditID":"1"},7]}'
  await eventually(async () => expect(await post(port, list)).toBe(200))
  await eventually(() => expect(audit.alerts).toHaveLength(1))
  expect(audit.alerts[0]).toEqual({
    rule: 'Falco internal: audit event drop',
    priority: 'Warning',
    output:
      'Falco internal: audit event drop. 1 audit event was rejected or lost, the first because of not-an-event: item 1: a number is not an audit event',
    fields: { 'not-an-event': '1' },
  })
  expect(audit.feed.losses()).toMatchObject({ 'not-an-event': 1, 'bad-json': 0 })
  await audit.end()
  expect(audit.alerts).toHaveLength(1)
})

test('many rejected events raise one alert a minute, with their number', () => {
  let now = 0
  const drops = new AuditDrops(() => now)
  const outputs: string[] = []
  const consumer = { report: ({ output }: InternalAlert) => void outputs.push(output.slice(34)) }
  for (let i = 0; i < 150; i++) {
    drops.add({ cause: 'too-deep', message: 'deep' })
    drops.report(consumer)
    now += 1000
  }
  drops.report(consumer, true)
  expect(outputs).toEqual([
    '1 audit event was rejected or lost, the first because of too-deep: deep',
    '60 audit events were rejected or lost, the first because of too-deep: deep',
    '60 audit events were rejected or lost, the first because of too-deep: deep',
    '29 audit events were rejected or lost, the first because of too-deep: deep',
  ])
})

test('after a restart, a followed log continues from the position in STATE_DIRECTORY', async () => {
  vi.stubEnv('STATE_DIRECTORY', join(dir, 'state'))
  mkdirSync(join(dir, 'state'))
  const from = join(dir, 'audit.log')
  writeFileSync(from, '{"kind":"Event","auditID":"1"}\n')
  const first = run({ from, follow: true })
  await eventually(() => expect(first.ids).toEqual(['1']))
  await first.end()
  expect(readdirSync(join(dir, 'state'))).toEqual([expect.stringMatching(/^k8s-audit-[0-9a-f]{16}\.json$/)])
  appendFileSync(from, '{"kind":"Event","auditID":"2"}\n')
  const second = run({ from, follow: true })
  await eventually(() => expect(second.ids).toEqual(['2']))
  await second.end()
  const again = run({ from, follow: true, begin: 'start' })
  await eventually(() => expect(again.ids).toEqual(['1', '2']))
  await again.end()
})

test('the text of a rejected event cannot start a new line in the log or in an alert', async () => {
  const from = join(dir, 'audit.log')
  writeFileSync(from, '{"x":\u2028\u001bc00:00:00: forged}\n')
  const { warnings, alerts, end } = run({ from, follow: true })
  await eventually(() => expect(alerts).toHaveLength(1))
  await end()
  for (const text of [...warnings, alerts[0]!.output]) {
    expect(text).toContain('bad-json')
    expect(text).not.toMatch(/[\u0000-\u001f\u2028]/)
  }
})
