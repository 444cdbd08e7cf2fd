/** The units of deploy/systemd: a sidecar with only their capabilities serves an engine that has none. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FALC } from '../../../scripts/testing/command.ts'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { NATIVE, missing as noLive } from '../../sources-syscall/test/live/machine.ts'
import { type Started, startFalc } from './process.ts'

const NOBODY = 65534
const unit = (name: string) => readFileSync(new URL(`../../../deploy/systemd/${name}.service`, import.meta.url), 'utf8')

/** The value of a key of a unit. */
function setting(text: string, key: string): string {
  return new RegExp(`^${key}=(.*)$`, 'm').exec(text)![1]!
}

/** Arguments of setpriv for a user with only these capabilities. */
function rights(capabilities: string): string[] {
  const list = [
    '-all',
    ...capabilities
      .split(' ')
      .filter(Boolean)
      .map(name => `+${name.slice(4).toLowerCase()}`),
  ].join()
  const flags = ['--inh-caps', '--ambient-caps', '--bounding-set'].map(flag => `${flag}=${list}`)
  return [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs', ...flags]
}

test('the units of probe and engine agree', () => {
  const [probe, engine] = [unit('falc-probe'), unit('falc')]
  expect(setting(engine, 'ExecStart')).toContain(setting(probe, 'ExecStart').split(' ').at(-1))
  expect(setting(probe, 'AmbientCapabilities')).toBe(setting(probe, 'CapabilityBoundingSet'))
  expect(setting(engine, 'CapabilityBoundingSet')).toBe('')
  expect(setting(engine, 'Requires')).toBe('falc-probe.service')
  expect(setting(probe, 'Group')).toBe(setting(engine, 'Group'))
})

const ANALYZE = '/usr/bin/systemd-analyze'
const noAnalyze = skipped('live', existsSync(ANALYZE) ? undefined : `the units are checked by ${ANALYZE}`)

test.skipIf(noAnalyze !== undefined)('systemd-analyze verifies the units without complaint', () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-units-'))
  const names = ['falc-probe', 'falc']
  for (const name of names) {
    // The programs need not be installed.
    writeFileSync(join(dir, `${name}.service`), unit(name).replace(/^(Exec\w+)=\S+/gm, '$1=/bin/true'))
  }
  const paths = names.map(name => join(dir, `${name}.service`))
  expect(execFileSync(ANALYZE, ['verify', ...paths], { encoding: 'utf8', stdio: 'pipe' })).toBe('')
  rmSync(dir, { recursive: true })
})

const reason = noLive()

describe.skipIf(reason !== undefined)('the sidecar as a service', () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-service-'))
  const socket = join(dir, 'run/probe.sock')
  let sidecar: ChildProcess
  beforeAll(async () => {
    chmodSync(dir, 0o755)
    mkdirSync(join(dir, 'run'))
    chownSync(join(dir, 'run'), NOBODY, NOBODY)
    copyFileSync(join(NATIVE, 'falc-probe'), join(dir, 'falc-probe'))
    const capabilities = setting(unit('falc-probe'), 'AmbientCapabilities')
    sidecar = spawn('setpriv', [...rights(capabilities), join(dir, 'falc-probe'), '--listen', socket], {
      stdio: 'inherit',
    })
    await until('the socket', () => existsSync(socket))
  })
  afterAll(() => {
    sidecar?.kill()
    rmSync(dir, { recursive: true, force: true })
  })

  test('serves an engine without capabilities, and a second one after it', async () => {
    const rule = `- rule: shadow
  desc: d
  condition: evt.type in (open, openat) and fd.name = /etc/shadow and proc.name = cat
  output: "%proc.cmdline of %proc.pname by %user.name"
  priority: NOTICE
`
    writeFileSync(join(dir, 'rules.yaml'), rule)
    const args = ['run', '-r', join(dir, 'rules.yaml'), '--probe-socket', socket]
    for (let i = 0; i < 2; i++) {
      const engine = spawn('setpriv', [...rights(''), ...FALC, ...args], { cwd: dir })
      let stdout = ''
      engine.stdout.setEncoding('utf8').on('data', text => (stdout += text))
      const ended = once(engine, 'exit')
      const acts = setInterval(() => execFileSync('cat', ['/etc/shadow']), 300)
      await until('an alert', () => /: Notice cat \/etc\/shadow of \S+ by root\n/.test(stdout))
      clearInterval(acts)
      engine.kill('SIGTERM')
      expect((await ended)[0]).toBe(0)
    }
    expect(sidecar.exitCode).toBe(null)
  })
})

describe.skipIf(reason !== undefined)('falc run --user', () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-user-'))
  let falc: Started | undefined
  afterAll(async () => {
    falc?.child.kill('SIGKILL')
    await falc?.exit
    rmSync(dir, { recursive: true })
  })

  /** 0 = it has none. */
  const childOf = (pid: number) =>
    Number(
      spawnSync('ps', ['--no-headers', '-o', 'pid', '--ppid', String(pid)], { encoding: 'utf8' }).stdout.split('\n')[0],
    )

  test('restarts a killed sidecar; at the sixth death within a minute it exits with report and reason', async () => {
    chmodSync(dir, 0o755)
    writeFileSync(
      join(dir, 'rules.yaml'),
      '- {rule: marked, desc: d, condition: evt.type = openat and fd.name endswith falc-user-mark, output: "seen %user.name", priority: NOTICE}\n',
    )
    falc = startFalc(['run', '-r', 'rules.yaml', '--user', 'nobody'], dir)
    await falc.sees('Opening event source')
    const run = falc
    const supervisor = childOf(run.child.pid!)
    const acts = setInterval(() => spawnSync('cat', ['/tmp/falc-user-mark']), 200)
    const restarts = () => run.output.stderr.split(' of 5 within a minute').length - 1
    let worker = childOf(supervisor)
    let kills = 0
    for (;;) {
      process.kill(worker, 'SIGKILL')
      kills++
      await until('a restart, or the end', () => restarts() === kills || run.child.exitCode !== null)
      if (run.child.exitCode !== null) break
      const before = worker
      await until('another worker', () => {
        worker = childOf(supervisor)
        return worker > 0 && worker !== before
      })
      // Only some restarts wait for an alert. Where starts take seconds, six deaths within a minute need more than six kills.
      if (kills > 1 && kills !== 5) continue
      const alerts = run.output.stdout.length
      await until(`an alert after restart ${kills}`, () => run.output.stdout.length > alerts)
      expect(readFileSync(`/proc/${falc.child.pid}/status`, 'utf8')).toMatch(/^Uid:(\s+65534){4}$/m)
    }
    clearInterval(acts)
    expect(kills).toBeGreaterThan(5)
    expect(run.output.stderr).toContain('restart 1 of 5 within a minute')
    expect(await falc.exit).toBe(1)
    expect(falc.output.stderr).toContain(
      'the sidecar was started 6 times within a minute and ended each time, at last killed by signal 9 (Killed)\n',
    )
    expect(falc.output.stderr).toMatch(/Events detected: \d+\n/)
    expect(falc.output.stderr).toMatch(/syscall: restarts: \d/)
  })
})
