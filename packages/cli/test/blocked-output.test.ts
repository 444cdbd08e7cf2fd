/**
 * A session and its outputs. One that blocks for good: live feeds continue and that output loses alerts; finite feeds wait.
 * At the end, what waits is delivered and everything is closed.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { loadConfig } from '../src/config/config.ts'
import { CliError } from '../src/fail.ts'
import { Log } from '../src/log.ts'
import { type Loaded, Session } from '../src/run/session.ts'
import type { Consumer, Feed } from '../src/sources/feed.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-blocked-'))
afterAll(() => rmSync(dir, { recursive: true }))

const CONFIG = [
  'stdout_output.enabled=false',
  'file_output.enabled=true',
  `file_output.filename=${join(dir, 'alerts')}`,
  'program_output.enabled=true',
  'program_output.keep_alive=true',
  'program_output.program=exec sleep 1000',
  'outputs_queue.capacity=10',
  'output_timeout=200',
]

/** Only a file gets alerts. The end waits for programs, however busy the machine is. */
const toFile = (name: string) => [
  'stdout_output.enabled=false',
  `file_output={enabled: true, filename: ${join(dir, name)}}`,
  'output_timeout=1000000',
]

function loadedOf(options: readonly string[]): Loaded {
  const config = loadConfig(undefined, options)
  return { config, rules: [], rulesFiles: [], loadedAt: 0n, captureDurations: new Map() } as unknown as Loaded
}

const sessionOf = (loaded: Loaded) =>
  new Session(loaded, new Map([['test', {} as never]]), new Log({ ...loaded.config, log_stderr: false }))

function feedOf(run: Feed['run'], finite = false): Feed {
  return { ...{ source: 'test', title: 'test', finite, losses: () => ({}), meter: {} }, run }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

/** Runs a session with one feed, which ends when it is stopped. The promise of the end is not awaited. */
async function begin(session: Session, finite = false): Promise<{ consumer: Consumer; ended: Promise<void> }> {
  const { promise: consumer, resolve } = Promise.withResolvers<Consumer>()
  const feed = feedOf((given, signal) => {
    resolve(given)
    return aborted(signal)
  }, finite)
  const ended = session.run([feed])
  return { consumer: await consumer, ended }
}

/** A session with one feed, and what the feed sees of it. */
async function start(finite: boolean) {
  const log = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const loaded = loadedOf(CONFIG)
  const session = new Session(loaded, new Map([['test', {} as never]]), new Log(loaded.config))
  await session.open()
  const { consumer, ended } = await begin(session, finite)
  const end = async () => {
    session.stop()
    session.stop()
    await ended
    log.mockRestore()
  }
  onTestFinished(end)
  const written = () => session.outputs().find(({ name }) => name === 'file')!.delivered
  return { log, consumer, written, end }
}

const alert = (consumer: Consumer, count: number) => {
  for (let i = 0; i < count; i++) consumer.report!({ rule: 'r', priority: 'Notice', output: 'o'.repeat(1_000_000) })
}

test('a live feed waits once for a blocked output, until output_timeout; other outputs get every alert', async () => {
  const { consumer, written } = await start(false)
  expect(consumer.pause()).toBeUndefined()
  alert(consumer, 10)
  await eventually(() => expect(consumer.pause()).toBeInstanceOf(Promise))
  const wait = consumer.pause()
  for (let i = 0; i < 100; i++) expect(consumer.pause()).toBe(wait)
  await wait
  expect(consumer.pause()).toBeUndefined()
  // The other output gets every alert.
  for (let sent = 10; sent < 100; sent += 10) {
    await eventually(() => expect(written()).toBe(sent))
    alert(consumer, 10)
  }
  await eventually(() => expect(written()).toBe(100))
  expect(consumer.pause()).toBeUndefined()
})

test('a finite feed waits for a blocked output until the run is stopped', async () => {
  const { log, consumer, end } = await start(true)
  alert(consumer, 10)
  const wait = consumer.pause()
  let over = false
  void wait!.then(() => (over = true))
  // After output_timeout.
  await eventually(() => expect(log.mock.calls.join()).toContain('the output channel is blocked'))
  expect(over).toBe(false)
  await end()
  await wait
})

test('when one feed fails, what another one still has is delivered', async () => {
  const session = sessionOf(loadedOf(toFile('late')))
  await session.open()
  const failing = feedOf(() => Promise.reject(new CliError('no more events')))
  const slow = feedOf(async (consumer, signal) => {
    await aborted(signal)
    await turn()
    consumer.report!({ rule: 'r', priority: 'Notice', output: 'the last one' })
  })
  await expect(session.run([failing, slow])).rejects.toThrow('no more events')
  expect(readFileSync(join(dir, 'late'), 'utf8')).toContain('the last one')
})

test('a feed begins with the rules of a reload that came before the run', async () => {
  const loaded = loadedOf(toFile('early'))
  const session = sessionOf(loaded)
  await session.open()
  const next = { ...loaded }
  await session.replace(next)
  const wanted: unknown[] = []
  await session.run([{ ...feedOf(async () => {}), want: (_, now) => wanted.push(now) }])
  expect(wanted).toHaveLength(1)
  expect(wanted[0]).toBe(next)
})

/** A program that reads nothing until its gate opens. */
function gated(name: string) {
  const [gate, path] = [join(dir, `${name}-gate`), join(dir, `${name}-kept`)]
  execFileSync('mkfifo', [gate])
  const program = `read go < ${gate}; exec cat > ${path}`
  const options = ['program_output.enabled=true', 'program_output.keep_alive=true', `program_output.program=${program}`]
  const open = () => {
    const opening = spawn('sh', ['-c', `echo > ${gate}`])
    onTestFinished(() => void opening.kill('SIGKILL'))
  }
  return { options, open, kept: () => readFileSync(path, 'utf8').split('\n') }
}

test('a failure after the stop does not discard what waits', async () => {
  const program = gated('failing')
  const session = sessionOf(loadedOf([...toFile('beside'), ...program.options]))
  await session.open()
  const { consumer, ended } = await begin(session)
  alert(consumer, 5)
  session.stop()
  session.fail('events are lost')
  program.open()
  await expect(ended).rejects.toThrow('events are lost')
  expect(program.kept()).toHaveLength(5 + 1)
})

test('the first stop after the end of the input does not discard what waits', async () => {
  const program = gated('ending')
  const session = sessionOf(loadedOf([...toFile('ending'), ...program.options]))
  await session.open()
  const ended = session.run([feedOf(async consumer => alert(consumer, 5), true)])
  await eventually(() => expect(session.stopping).toBe(true))
  session.stop()
  program.open()
  await ended
  expect(program.kept()).toHaveLength(5 + 1)
})

test('what a removed output has lost stays counted while it delivers the rest', async () => {
  const session = sessionOf(loadedOf(CONFIG))
  await session.open()
  const { consumer, ended } = await begin(session)
  alert(consumer, 30)
  const lost = () => session.losses().get('program: queue_full')
  const before = lost()
  expect(before).toBeGreaterThan(0)
  await session.replace(loadedOf(toFile('after')))
  expect(lost()).toBe(before)
  session.stop()
  session.stop()
  await ended
})

test('outputs that a reload opens while the run ends are closed, too', async () => {
  const pids = join(dir, 'pids')
  const session = sessionOf(loadedOf(toFile('first')))
  await session.open()
  const ended = session.run([feedOf((_, signal) => aborted(signal))])
  const program = `echo $$ > ${pids}; exec cat`
  const started = ['program_output.enabled=true', 'program_output.keep_alive=true', `program_output.program=${program}`]
  const replaced = session.replace(loadedOf([...toFile('next'), ...started]))
  session.stop()
  await Promise.all([ended, replaced])
  await until('the program', () => existsSync(pids) && readFileSync(pids, 'utf8') !== '')
  const pid = Number(readFileSync(pids, 'utf8'))
  onTestFinished(() => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // As it should be: it has ended.
    }
  })
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
