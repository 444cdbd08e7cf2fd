/** falc console as a process: where it may listen, and that the alerts it accepts are stored. */
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { startFalc } from './process.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-console-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const ALERT =
  '{"rule":"Shell","priority":"Notice","time":"2026-11-24T10:00:00Z","output":"x","output_fields":{"proc.name":"sh"}}'

test('accepts an alert, shows it, and exits on SIGTERM', async () => {
  const { child, output, exit, sees } = startFalc(['console', '--db', 'alerts.db', '--listen', '127.0.0.1:0'], dir)
  await sees('Console listening at')
  const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(output.stderr)!
  expect(await (await fetch(url, { method: 'POST', body: ALERT })).json()).toEqual({ stored: 1 })
  const found = await (await fetch(`${url}api/v1/alerts?filter=proc.name%20%3D%20sh`)).json()
  expect(found).toMatchObject({ alerts: [{ seq: 1, alert: { rule: 'Shell' } }], next: null })
  child.kill('SIGTERM')
  expect(await exit).toBe(0)
  const { exit: ended, output: said } = startFalc(['alerts', 'top', '--db', 'alerts.db', '--json'], dir)
  expect([await ended, said.stdout]).toEqual([0, '[{"rule":"Shell","count":1}]\n'])
})

test('the link that falc respond sends for a waiting step approves the step in the console', async () => {
  const book = [
    {
      playbook: 'p',
      when: 'alert.rule = Shell',
      mode: 'approve',
      steps: [{ program: { command: ['touch', 'acted'] } }],
    },
  ]
  writeFileSync(join(dir, 'book.yaml'), JSON.stringify(book))
  const settings = {
    ...{ stdout_output: { enabled: true }, console: { listen: '127.0.0.1:0' } },
    outputs: [{ name: 'history', type: 'store', path: 'waiting.db' }],
    response: { playbooks: ['book.yaml'], folder: 'j', approval_output: 'stdout', approval_url: 'http://console' },
  }
  writeFileSync(join(dir, 'waiting.yaml'), JSON.stringify(settings))
  const console = startFalc(['console', '-c', 'waiting.yaml'], dir)
  const responder = startFalc(['respond', '-c', 'waiting.yaml'], dir)
  responder.child.stdin.write(`${JSON.stringify({ ...JSON.parse(ALERT), time: new Date().toISOString() })}\n`)
  await responder.sees('#/approvals?link=')
  await console.sees('Console listening at')
  const [, token] = /#\/approvals\?link=(\S+)/.exec(responder.output.stdout)!
  const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(console.output.stderr)!
  const body = JSON.stringify({ token, word: 'approved' })
  expect((await fetch(`${url}api/v1/approvals`, { method: 'POST', body })).status).toBe(200)
  await eventually(async () => expect(existsSync(join(dir, 'acted'))).toBe(true))
  responder.child.stdin.end()
  expect(await responder.exit).toBe(0)
  console.child.kill('SIGTERM')
  expect(await console.exit).toBe(0)
})

test('creates tokens, and with a token file rejects requests without one', async () => {
  const { exit, output } = startFalc(['console', 'token', 'ann', '--scopes', 'read,ingest'], dir)
  expect(await exit).toBe(0)
  const [, token, line] =
    /^Token, shown this once: (falc_\S{43})\nLine for the token file: (ann read,ingest [0-9a-f]{64})\n$/.exec(
      output.stdout,
    )!
  writeFileSync(join(dir, 'tokens'), `${line}\n`)
  const console = startFalc(['console', '--db', 'alerts.db', '--listen', '0.0.0.0:0', '--token-file', 'tokens'], dir)
  await console.sees('Console listening at')
  const [, port] = /http:\/\/0\.0\.0\.0:(\d+)\//.exec(console.output.stderr)!
  const status = async (headers: Record<string, string>) =>
    (await fetch(`http://127.0.0.1:${port}/api/v1/status`, { headers })).status
  expect([await status({}), await status({ authorization: `Bearer ${token}` })]).toEqual([401, 200])
  console.child.kill('SIGTERM')
  expect(await console.exit).toBe(0)
})

test('a run that cannot open its console ends, and so does the program of its output', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const any = '- {rule: r, desc: d, condition: ka.verb = get, output: o, priority: INFO, source: k8s_audit}'
  writeFileSync(join(dir, 'any.yaml'), any)
  writeFileSync(
    join(dir, 'taken.yaml'),
    `rules_files: [any.yaml]
stdout_output: {enabled: false}
program_output: {enabled: true, keep_alive: true, program: cat}
outputs: [{name: history, type: store, path: taken.db}]
console: {enabled: true, listen: "127.0.0.1:${port}"}
`,
  )
  const from = `http://127.0.0.1:${await freePort()}/audit`
  const { child, output, exit } = startFalc(['run', '-c', 'taken.yaml', '--k8s-audit', from], dir)
  onTestFinished(() => void child.kill('SIGKILL'))
  expect(await exit).toBe(1)
  expect(output.stderr).toContain('Error: Could not open the console: ')
})

test('in one process with falc run, the console shows the alert, why it was raised, and the outputs', async () => {
  const port = await freePort()
  const rule =
    '- {rule: r, desc: d, condition: ka.verb = get, output: "%ka.verb", priority: WARNING, source: k8s_audit}\n'
  writeFileSync(join(dir, 'rules.yaml'), rule)
  writeFileSync(
    join(dir, 'falco.yaml'),
    `rules_files: [rules.yaml]
stdout_output: {enabled: false}
outputs: [{name: history, type: store, path: run.db}]
console: {enabled: true, listen: "127.0.0.1:0"}
`,
  )
  const args = ['run', '-c', 'falco.yaml', '--k8s-audit', `http://127.0.0.1:${port}/audit`]
  const { child, output, exit, sees } = startFalc(args, dir)
  await sees('Console listening at')
  const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(output.stderr)!
  const stageTimestamp = '2026-05-04T10:20:30.000000Z'
  const event = { kind: 'Event', auditID: 'a', stage: 'ResponseComplete', verb: 'get', stageTimestamp }
  await eventually(async () => {
    const body = JSON.stringify(event)
    const headers = { 'content-type': 'application/json' }
    const { status } = await fetch(`http://127.0.0.1:${port}/audit`, { method: 'POST', body, headers })
    expect(status).toBe(200)
  })
  const get = async (path: string): Promise<any> => (await fetch(`${url}api/v1/${path}`)).json()
  await eventually(async () => expect((await get('alerts')).alerts).toMatchObject([{ alert: { rule: 'r' } }]))
  const [{ id }] = (await get('alerts')).alerts.map((one: { alert: object }) => one.alert)
  expect(await get(`alerts/${id}/why`)).toMatchObject({
    possible: true,
    condition: { text: 'ka.verb = get', truth: true },
  })
  await eventually(async () =>
    expect((await get('outputs')).outputs).toMatchObject([
      { name: 'history', type: 'store', delivered: 1, waiting: 0 },
    ]),
  )
  child.kill('SIGTERM')
  expect(await exit).toBe(0)
})

test.each([
  [['--listen', '0.0.0.0:0'], 'which requires tokens'],
  [['--listen', 'nowhere:x'], '--listen must be HOST:PORT'],
  [['--token-file', 'none'], 'no such file'],
  [['token', 'ann', '--scopes', 'everything'], 'no scope is called everything: read, triage'],
  [['token', 'ann', '--scopes', 'admin', '--namespaces', 'a'], 'admin cannot be for some namespaces'],
  [['start'], 'takes no argument'],
])('%j: %s', async (args, reason) => {
  const { exit, output } = startFalc(['console', '--db', 'alerts.db', ...args], dir)
  expect(await exit).toBe(1)
  expect(output.stderr).toContain(reason)
})
