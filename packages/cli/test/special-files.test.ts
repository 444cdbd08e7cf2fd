/** Rules, configuration, logs and state that are not regular files, or never end: an error says so, and nothing hangs. */
import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { fromKubeconfig } from '@falc/kubernetes'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { loadConfig } from '../src/config/config.ts'
import { readFile } from '../src/read-file.ts'
import { readRules } from '../src/rules/files.ts'
import { type K8sAuditOptions, k8sAuditFeed } from '../src/sources/k8s-audit-feed.ts'
import { readKeys } from '../src/updates/signature.ts'
import { startFalc } from './process.ts'

const CAPTURE = join(import.meta.dirname, '../../../examples/captures/host-a.scap')
const dir = mkdtempSync(join(tmpdir(), 'falc-special-'))
const at = (name: string) => (name.startsWith('/') ? name : join(dir, name))
const server = createServer()

beforeAll(async () => {
  execFileSync('mkfifo', [at('pipe'), at('state-pipe'), at('fifo')])
  writeFileSync(at('none.yaml'), '[]')
  mkdirSync(at('folder'))
  symlinkSync('loop', at('loop'))
  symlinkSync('nowhere', at('dangling'))
  writeFileSync(at('audit.log'), '{"kind":"Event","auditID":"1"}\n')
  writeFileSync(at('other.json'), '{"name":"not a state"}')
  await new Promise<void>(resolve => server.listen(at('socket'), resolve))
})
afterAll(() => {
  server.close()
  rmSync(dir, { recursive: true })
})

describe('rules', () => {
  test.each([
    ['pipe', 'it is a pipe that nothing has been written to'],
    ['socket', 'it is a socket or a device that is not there'],
    ['loop', 'its symbolic links form a loop'],
    ['dangling', 'Could not find rules file'],
    ['/dev/zero', 'it has more than 67108864 bytes'],
  ])('%s: %s', (name, reason) => {
    expect(() => readRules([at(name)])).toThrow(reason)
  })
  test('/dev/null has no rules', () => {
    expect(readRules(['/dev/null'])).toEqual([{ name: '/dev/null', content: '' }])
  })
  test('a pipe is read once, to its end, and a reload reuses its text', () => {
    const text = '- list: l\n  items: [a]\n'
    const writer = spawn('sh', [
      '-c',
      `(printf '%s' '- list: l'; sleep 0.2; printf '\\n  items: [a]\\n') >'${at('pipe')}'`,
    ])
    writer.unref()
    const pipes = new Map<string, string>()
    // Reading fails until the writer has opened the pipe.
    for (const deadline = performance.now() + 60_000; ; ) {
      try {
        expect(readRules([at('pipe')], undefined, pipes)).toEqual([{ name: at('pipe'), content: text }])
        break
      } catch (error) {
        const isEarly = (error as Error).message.includes('nothing has been written')
        if (!isEarly || performance.now() > deadline) throw error
      }
    }
    expect(readRules([at('pipe')], undefined, pipes)[0]!.content).toBe(text)
  })
})

test.each([
  ['pipe', 'it is a pipe that nothing has been written to'],
  ['folder', 'it is a folder'],
  ['loop', 'its symbolic links form a loop'],
  ['/dev/zero', 'it has more than 67108864 bytes'],
])('configuration %s: %s', (name, reason) => {
  expect(() => loadConfig(at(name), [])).toThrow(`Could not read configuration file ${at(name)}: ${reason}`)
})

describe('a pipe with no process at its other end is an error for', () => {
  const run = ['run', '-r', 'none.yaml', '-e', CAPTURE]
  const output = (options: string) => [...run, '-o', `outputs[]={name: o, url: "https://127.0.0.1:1", ${options}}`]
  const unread = 'fifo: no such device or address'
  const unwritten = 'it is a pipe that nothing has been written to'
  test.each([
    ['the pid file', [...run, '--pidfile', 'fifo'], unread],
    ['metrics snapshots', [...run, '-o', 'metrics={enabled: true, interval: 1s, output_file: fifo}'], unread],
    ["the relay's configuration", ['relay', '-c', 'fifo', '--check'], unwritten],
    ["the console's tokens", ['console', '--db', 'a.db', '--token-file', 'fifo', '--listen', '127.0.0.1:0'], unwritten],
    ['a secret', output('type: webhook, signing_secret: {file: fifo}'), unwritten],
    [
      'a CA certificate',
      [...run, '-o', 'http_output={enabled: true, url: "https://127.0.0.1:1", ca_cert: fifo}'],
      unwritten,
    ],
  ])('%s', async (_, args, reason) => {
    const falc = startFalc(args, dir)
    expect(await falc.exit).toBe(1)
    expect(falc.output.stderr).toContain(reason)
  })
})

test('a kubeconfig or a key that is a pipe is an error', () => {
  const reason = `${at('fifo')}: it is a pipe that nothing has been written to`
  expect(() => fromKubeconfig(at('fifo'))).toThrow(reason)
  expect(() => readKeys([at('fifo')])).toThrow(reason)
})

test('falc record waits for a reader of its pipe, and can be interrupted meanwhile', async () => {
  execFileSync('mkfifo', [at('recording')])
  const args = ['record', '-e', CAPTURE, '-w', 'recording']
  const interrupted = startFalc(args, dir)
  await interrupted.sees('Waiting for something to read the pipe recording')
  interrupted.child.kill('SIGINT')
  expect(await interrupted.exit).toBe(1)
  const falc = startFalc(args, dir)
  await falc.sees('Waiting for something to read the pipe recording')
  const reader = startFalc(['capture', 'info', 'recording'], dir)
  expect([await falc.exit, await reader.exit]).toEqual([0, 0])
})

test('a file larger than the limit is refused, and one of exactly that size is read', () => {
  const path = at('grows')
  writeFileSync(path, 'x'.repeat(1000))
  expect(() => readFile(path, 999)).toThrow('it has more than 999 bytes')
  appendFileSync(path, 'x')
  expect(readFile(path, 1001)).toHaveLength(1001)
})

describe('an audit log', () => {
  const run = async (options: Partial<K8sAuditOptions>) => {
    const warnings: string[] = []
    const ids: unknown[] = []
    const stop = new AbortController()
    const feed = k8sAuditFeed({ from: at('audit.log'), follow: true, warn: text => warnings.push(text), ...options })
    const event = ({ root }: { root: { auditID: unknown } }) => {
      ids.push(root.auditID)
      stop.abort()
    }
    await feed.run({ event, pause: () => undefined }, stop.signal)
    return { ids, warnings }
  }
  const settings = (stateFile: string) => ({ settings: { stateFile } as NonNullable<K8sAuditOptions['settings']> })

  test.each([
    ['pipe', 'is a pipe, not a file'],
    ['folder', 'is a folder, not a file'],
    ['/dev/zero', 'is a device, not a file'],
    ['socket', 'ENXIO'],
    ['loop', 'ELOOP'],
  ])('%s: %s', async (name, reason) => {
    await expect(run({ from: at(name) })).rejects.toThrow(reason)
    await expect(run({ from: at(name), ...settings(at('new.json')) })).rejects.toThrow(reason)
  })

  test.each([
    ['other.json', 'other.json is not the state of an audit log'],
    ['state-pipe', 'is a pipe, not a file'],
    ['folder', 'is a folder, not a file'],
  ])('with %s as its state file: %s', async (name, reason) => {
    // Errors with a code are reported to the user; others are taken for defects.
    await expect(run(settings(at(name)))).rejects.toMatchObject({
      code: expect.any(String),
      message: expect.stringContaining(reason),
    })
    if (name === 'other.json') expect(readFileSync(at(name), 'utf8')).toContain('not a state')
  })

  test('warns when its state cannot be written, and continues to deliver events', async () => {
    const { ids, warnings } = await run(settings('/proc/nowhere/state'))
    expect(ids).toEqual(['1'])
    await eventually(() => expect(warnings.join()).toContain('the position cannot be saved'))
  })
})

describe('a capture that breaks off', () => {
  beforeAll(() => {
    writeFileSync(at('cut.scap'), gunzipSync(readFileSync(CAPTURE)).subarray(0, -10))
    writeFileSync(at('r.yaml'), '- { rule: R, desc: d, condition: evt.type = open, output: o, priority: INFO }\n')
    writeFileSync(at('cut.test.yaml'), 'rules: r.yaml\ntests: [{ name: a, capture: cut.scap, expect: {} }]\n')
  })
  test.each([
    ['diff r.yaml r.yaml -e cut.scap'],
    ['profile-rules -r r.yaml -e cut.scap'],
    ['test cut.test.yaml'],
    ['explain -r r.yaml --rule R --event cut.scap --num 1000000'],
  ])('is an error that names it: falc %s', async line => {
    const { exit, output } = startFalc(line.split(' '), dir)
    expect(await exit).toBe(1)
    expect(output.stderr).toMatch(/^Error: capture cut\.scap: .*\(at byte \d+\)\n$/)
  })
  test('is none behind the event that is explained', async () => {
    const { exit, output } = startFalc('explain -r r.yaml --rule R --event cut.scap --num 14'.split(' '), dir)
    expect([await exit, output.stderr]).toEqual([0, ''])
    expect(output.stdout).toContain('cut.scap, event 14\n')
  })
})
