/** A sender that got status 200 need not send again: the audit webhook and falc relay, killed right after responding. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { type Started, startFalc } from './process.ts'

const KILLS = 4

let [dir, url, up] = ['', '', false]
let server: Server
const got = new Set<string>()
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'falc-durable-'))
  up = false
  got.clear()
  server = createServer(async (request, response) => {
    const { output } = JSON.parse(await text(request))
    if (!up) return response.writeHead(503).end()
    got.add(/n=(\d+)/.exec(output)![1]!)
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterEach(() => {
  server.close()
  server.closeAllConnections()
  rmSync(dir, { recursive: true })
})

async function post(to: string, body: unknown): Promise<number> {
  const request = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  return (await fetch(to, request)).status
}

/** Sends, kills and restarts, several times; finally everything accepted with 200 has arrived. */
async function killed(start: () => Started, at: string, send: (from: number) => Promise<number>): Promise<void> {
  const answered: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const falc = start()
    await until('it listens', () =>
      fetch(at).then(
        () => true,
        () => false,
      ),
    )
    for (let batch = 0; batch < 3; batch++) {
      expect(await send(answered.length)).toBe(200)
      for (let i = 0; i < 5; i++) answered.push(String(answered.length))
    }
    falc.child.kill('SIGKILL')
    await falc.exit
  }
  up = true
  const falc = start()
  try {
    await eventually(() => expect([...got].sort()).toEqual(answered.toSorted()))
  } finally {
    falc.child.kill('SIGKILL')
    await falc.exit
  }
}

test('audit events accepted with 200 raise their alerts, even if falc is killed right after', {
  timeout: 300_000,
}, async () => {
  const port = await freePort()
  writeFileSync(
    join(dir, 'rules.yaml'),
    '- {rule: r, desc: d, condition: ka.verb = get, output: "n=%ka.user.name", priority: WARNING, source: k8s_audit}\n',
  )
  writeFileSync(
    join(dir, 'falco.yaml'),
    `rules_files: [rules.yaml]\nstdout_output: { enabled: false }\noutputs: [{ name: hook, type: webhook, url: "${url}", queue: { disk: ${dir}/queue } }]\n`,
  )
  const hook = `http://127.0.0.1:${port}/audit`
  const event = (n: number) => ({
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', auditID: `a${n}`, stage: 'ResponseComplete' },
    ...{ verb: 'get', user: { username: String(n) }, stageTimestamp: '2026-05-04T10:20:30.000000Z' },
  })
  await killed(
    () => startFalc(['run', '-c', 'falco.yaml', '--k8s-audit', hook], dir),
    hook,
    from =>
      post(hook, {
        ...{ kind: 'EventList', apiVersion: 'audit.k8s.io/v1' },
        items: Array.from({ length: 5 }, (_, i) => event(from + i)),
      }),
  )
})

test('alerts that falc relay accepted with 200 arrive, even if it is killed right after', async () => {
  const port = await freePort()
  writeFileSync(
    join(dir, 'relay.yaml'),
    `listenaddress: 127.0.0.1\nlistenport: ${port}\nwebhook: { address: "${url}" }\n`,
  )
  const alert = (n: number) => ({
    ...{ rule: 'r', priority: 'Notice', time: '2026-05-04T10:20:30.123456789Z', output: `n=${n}` },
    output_fields: { 'proc.name': 'cat' },
  })
  await killed(
    () => startFalc(['relay', '-c', 'relay.yaml', '--queue', join(dir, 'queue')], dir),
    `http://127.0.0.1:${port}/ping`,
    async from => {
      const statuses = await Promise.all([0, 1, 2, 3, 4].map(i => post(`http://127.0.0.1:${port}/`, alert(from + i))))
      return Math.max(...statuses)
    },
  )
})
