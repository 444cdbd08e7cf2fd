/** `workers` in falco.yaml: the output is byte for byte that of one thread, and the log says when workers cannot be used. */
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertData } from '@falc/engine'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { loadConfig } from '../src/config/config.ts'
import { loadEngine } from '../src/rules/compile.ts'
import { k8sAuditFeed } from '../src/sources/k8s-audit-feed.ts'
import { loadSources } from '../src/sources/load.ts'
import { startFalc } from './process.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-cli-workers-'))
  const log = Array.from({ length: 2500 }, (_, n) => line(n))
  log.splice(1200, 0, 'noise')
  writeFileSync(join(dir, 'audit.log'), `${log.join('\n')}\n`)
  for (const [name, output] of Object.entries(OUTPUTS)) writeFileSync(join(dir, `${name}.yaml`), rule(name, output))
})
afterAll(() => rmSync(dir, { recursive: true }))

const line = (n: number) =>
  JSON.stringify({
    ...{
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      auditID: `a${n}`,
      stage: 'ResponseComplete',
      count: 2 ** 53 + n,
    },
    ...{
      verb: n % 3 ? 'list' : 'get',
      user: { username: `u${n}` },
      objectRef: { name: 'é"\u0007' },
      note: 'x'.repeat(400),
    },
    stageTimestamp: '2026-05-04T10:20:30.123456Z',
  })
const OUTPUTS = {
  plain: '%evt.time %ka.user.name %ka.target.name %jevt.value[/count] %ka.response.code',
  numbered: '%evt.num %ka.user.name',
}
const rule = (name: string, output: string) =>
  JSON.stringify([
    {
      rule: name,
      desc: 'd',
      condition: 'ka.verb = get',
      priority: 'WARNING',
      source: 'k8s_audit',
      tags: ['a', 'b'],
      output,
    },
  ])

async function run(workers: number, rules: string, ...more: string[]) {
  const args = ['-r', `${rules}.yaml`, '--k8s-audit', 'audit.log', '-o', `workers=${workers}`, '--no-cache']
  const falc = startFalc(['run', ...args, '-o', 'append_output[]={"condition_fields":true}', ...more], dir)
  return { code: await falc.exit, ...falc.output }
}

test('two workers give the same text, JSON and report counts as one thread', async () => {
  for (const json of ['json_output=true', 'json_output=false']) {
    const [one, two] = [await run(1, 'plain', '-o', json), await run(2, 'plain', '-o', json)]
    expect([two.code, two.stdout]).toEqual([one.code, one.stdout])
    expect(one.stdout.split('\n')).toHaveLength(835)
    const report = (text: string) => text.slice(text.indexOf('Events detected')).replace(/k8s_audit: \d+/, '')
    expect(report(two.stderr)).toEqual(report(one.stderr))
    expect(report(two.stderr)).toContain('k8s_audit: bad-json: 1')
    expect(two.stderr).toMatch(/workers evaluated [1-9]\d* events?, [1-9]\d* events?\n/)
  }
})

test('one thread evaluates all events if a rule reads evt.num', async () => {
  const [one, two] = [await run(1, 'numbered'), await run(2, 'numbered')]
  expect(two.stdout).toEqual(one.stdout)
  expect(two.stderr).toContain('one thread evaluates all events: a rule reads evt.num, which depends on those before')
})

test('a webhook whose port is in use ends a run with workers', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const from = `http://127.0.0.1:${(taken.address() as AddressInfo).port}/k8s-audit`
  const options = ['-o', 'workers=2', '-o', 'engine.kind=nodriver', '--no-cache']
  const falc = startFalc(['run', '-r', 'plain.yaml', '--k8s-audit', from, ...options], dir)
  onTestFinished(() => void falc.child.kill('SIGKILL'))
  expect(await falc.exit).toBe(1)
  expect(falc.output.stderr).toContain(`Error: webhook ${from}: `)
})

test('rules that are reloaded before the workers begin are theirs', async () => {
  const sources = await loadSources()
  const load = (name: string) => {
    const files = [{ name: `${name}.yaml`, content: rule(name, '%ka.auditid') }]
    const { engine } = loadEngine({}, { sources }, files)
    return { engine, ruleset: engine.save() }
  }
  const [before, after] = [load('before'), load('after')]
  const workers = { workers: 1, ruleset: before.ruleset, minBytes: 1 }
  const feed = k8sAuditFeed({ from: join(dir, 'audit.log'), workers, warn: () => {} })
  feed.want!(after.engine, { config: loadConfig(undefined, []), rules: [], ruleset: after.ruleset })
  const alerts: string[] = []
  const consumer = {
    event: () => false,
    alert: ({ rule }: AlertData) => void alerts.push(rule),
    pause: () => undefined,
  }
  await feed.run(consumer, new AbortController().signal)
  expect([...new Set(alerts)]).toEqual(['after'])
})

test('a live run counts per worker, and reloads its rules', async () => {
  const port = await freePort()
  writeFileSync(join(dir, 'live.log'), `${Array.from({ length: 2000 }, (_, n) => line(n)).join('\n')}\n`)
  writeFileSync(join(dir, 'live.yaml'), rule('before', '%ka.auditid'))
  const live = [
    '--k8s-audit',
    'live.log',
    '--follow',
    '-o',
    'webserver.enabled=true',
    '-o',
    `webserver.listen_port=${port}`,
  ]
  const web = ['-o', 'webserver.prometheus_metrics_enabled=true', '-o', 'webserver.listen_address=127.0.0.1']
  const falc = startFalc(
    ['run', '-r', 'live.yaml', '-o', 'workers=2', '-o', 'engine.kind=nodriver', ...live, ...web],
    dir,
  )
  try {
    const page = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const sum = (text: string, name: string) =>
      [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'gm'))].reduce((n, [, count]) => n + Number(count), 0)
    // The whole log first: lines read after the reload would be evaluated by the new rules.
    await eventually(async () => expect(sum(await page(), 'falc_worker_alerts_total')).toBe(667))
    expect(sum(await page(), 'falc_worker_restarts_total')).toBe(0)
    writeFileSync(join(dir, 'live.yaml'), rule('after', '%ka.auditid'))
    await falc.sees('Reloaded')
    appendFileSync(join(dir, 'live.log'), `${Array.from({ length: 600 }, (_, n) => line(n)).join('\n')}\n`)
    await eventually(() => expect(falc.output.stdout.match(/Warning a\d+/g)).toHaveLength(667 + 200))
  } finally {
    falc.child.kill('SIGTERM')
  }
  expect(await falc.exit).toBe(0)
  for (const count of ['before: 667', 'after: 200']) expect(falc.output.stderr).toContain(count)
})
