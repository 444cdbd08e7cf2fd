/** Only printable text reaches a terminal or the log, whatever the name of a process or a user contains. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { FALC } from '../../../scripts/testing/command.ts'
import { skipped } from '../../../scripts/testing/needs.ts'
import { printable } from '../src/printable.ts'
import { Activity } from '../src/top/activity.ts'
import { frame } from '../src/top/frame.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-terminal-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** Clears the screen, forges a line, deletes, starts a control sequence in one character, turns the text around. */
const HOSTILE = 'eve\u001b[2J\n00:00:00: Notice forged\r\u007f\u009b31m\u202egnp.exe\u2028'
/** Characters that no terminal should get from falc, apart from line ends. */
const UNSAFE = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]/

test('printable text has no control or format characters, and printable JSON has the same value', () => {
  expect(printable(HOSTILE)).toBe(
    'eve\\u001b[2J\\u000a00:00:00: Notice forged\\u000d\\u007f\\u009b31m\\u202egnp.exe\\u2028',
  )
  expect(printable('naïve 日本 🙂')).toBe('naïve 日本 🙂')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text)
    }),
  )
})

test('falc top escapes hostile names', () => {
  const activity = new Activity()
  const thread = { pid: 7, comm: HOSTILE, leader: null, container: { id: 'c', info: { name: HOSTILE } } }
  activity.event({ thread } as unknown as Parameters<Activity['event']>[0], HOSTILE)
  const state = {
    ...{ time: new Date(0), seconds: 1, dropped: 0, threads: 1, containers: 1 },
    rules: new Map([[HOSTILE, 1]]),
  }
  const text = frame(activity, state, { rows: 10, width: 300, height: undefined })
  expect(text).not.toMatch(UNSAFE)
  expect(text.split('eve\\u001b').length - 1).toBe(4)
  expect(text).not.toMatch(/^00:00:00/m)
})

/** Arguments of `script` of util-linux, which runs falc on a terminal. */
function scripted(args: readonly string[]): string[] {
  const quoted = [...FALC, ...args].map(part => `'${part.replaceAll("'", "'\\''")}'`).join(' ')
  return ['-qec', quoted, '/dev/null']
}

const env = { PATH: process.env.PATH, TZ: 'UTC', HOME: dir }

function onTerminal(...args: string[]): string {
  const { stdout, stderr } = spawnSync('script', scripted(args), { cwd: dir, env, encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout
}

const SCRIPT = '/usr/bin/script'
const noTerminal = skipped('live', existsSync(SCRIPT) ? undefined : `terminals need ${SCRIPT}`) !== undefined

test.skipIf(noTerminal)('falc run and falc explain escape hostile names on a terminal', () => {
  const event = { kind: 'Event', auditID: '1', stage: 'ResponseComplete', verb: 'get', user: { username: HOSTILE } }
  writeFileSync(join(dir, 'audit.jsonl'), `${JSON.stringify(event)}\n`)
  writeFileSync(
    join(dir, 'rules.yaml'),
    '- {rule: r, desc: d, condition: ka.user.name startswith eve, output: "by %ka.user.name", priority: INFO, source: k8s_audit}\n',
  )
  for (const args of [
    ['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl'],
    ['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', '-o', 'json_output=true'],
    ['explain', '-r', 'rules.yaml', '--rule', 'r', '--event', 'audit.jsonl'],
    ['explain', '-r', 'rules.yaml', '--rule', 'r', '--event', 'audit.jsonl', '--json'],
    ['run', '-r', HOSTILE.replace('\n', '')],
  ]) {
    const text = onTerminal(...args)
    expect(text).toContain('eve')
    expect(text, args.join(' ')).not.toMatch(UNSAFE)
    expect(text).not.toMatch(/^00:00:00: Notice forged/m)
  }
})

test.skipIf(noTerminal)('echoed responses of an HTTP server are escaped on a terminal', async () => {
  const server = createServer((request, response) => request.resume().on('end', () => response.end(`${HOSTILE} `)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const options = ['http_output.enabled=true', 'http_output.echo=true', `http_output.url=${url}`].flatMap(one => [
    '-o',
    one,
  ])
  const falc = spawn('script', scripted(['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', ...options]), {
    cwd: dir,
    env,
  })
  let text = ''
  falc.stdout.setEncoding('utf8').on('data', chunk => (text += chunk))
  await once(falc, 'close')
  server.close()
  // The alert, and the response, in which only line ends are not escaped.
  expect(text).toContain('00:00:00: Notice forged\\u000d\\u007f\\u009b31m\\u202egnp.exe\\u2028 ')
  expect(text).not.toMatch(UNSAFE)
})

test('alerts that do not go to a terminal are escaped exactly as by Falco', () => {
  const { stdout } = spawnSync(FALC[0]!, [...FALC.slice(1), 'run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl'], {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: dir, TZ: 'UTC' },
  })
  // Falco escapes a line as JSON does: control characters below U+0020 only.
  expect(stdout).toContain('by eve\\u001b[2J\\n00:00:00: Notice forged\\r\u007f\u009b31m\u202egnp.exe')
})
