import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { type Started, startFalc } from './process.ts'

let dir: string
let falc: Started | undefined
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-live-'))
  writeFileSync(join(dir, 'audit.jsonl'), '')
  writeFileSync(join(dir, 'rules.yaml'), rule('first'))
})
afterEach(async () => {
  falc?.child.kill('SIGKILL')
  await falc?.exit
  falc = undefined
  rmSync(dir, { recursive: true })
})

function rule(name: string, verb = 'get'): string {
  return `- {rule: ${name}, desc: d, condition: ka.verb = ${verb}, output: "${name} saw %ka.target.name", priority: NOTICE, source: k8s_audit}\n`
}

function event(name: string, verb = 'get'): string {
  const time = '2026-05-04T10:20:30.000000Z'
  return `${JSON.stringify({ kind: 'Event', auditID: name, stage: 'ResponseComplete', verb, objectRef: { name }, stageTimestamp: time })}\n`
}

/** Appends an event to the followed log. */
const happen = (name: string, verb?: string) => appendFileSync(join(dir, 'audit.jsonl'), event(name, verb))

/** Follows the log; resolves once the first alert is printed. */
async function follow(...args: string[]): Promise<Started> {
  falc = startFalc(['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', '--follow', ...args], dir)
  happen('one')
  await falc.sees('saw one')
  return falc
}

const alerts = ({ output }: Started) =>
  output.stdout
    .split('\n')
    .slice(0, -1)
    .map(line => line.replace(/^\S+ /, ''))

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s stops with everything delivered and a report', async signal => {
    const run = await follow()
    happen('two')
    await run.sees('saw two')
    run.child.kill(signal)
    expect(await run.exit).toBe(0)
    expect(alerts(run)).toEqual(['Notice first saw one', 'Notice first saw two'])
    expect(run.output.stderr).toContain(`${signal} received, exiting...`)
    expect(run.output.stderr).toContain('Events detected: 2\nRule counts by severity:\n   NOTICE: 2\n')
  })

  test('a pid file that cannot be removed at the end is a warning', async () => {
    const run = await follow('-P', 'falc.pid')
    rmSync(join(dir, 'falc.pid'))
    mkdirSync(join(dir, 'falc.pid'))
    run.child.kill('SIGTERM')
    expect(await run.exit).toBe(0)
    expect(run.output.stderr).toContain('Warning: Could not remove the pid file: ')
  })

  test('SIGUSR1 reopens a file that was moved away', async () => {
    const log = join(dir, 'alerts.log')
    const run = await follow('-o', 'file_output={enabled: true, filename: alerts.log, keep_alive: true}')
    await until('the first alert', () => readFileSync(log, 'utf8').includes('one'))
    renameSync(log, `${log}.1`)
    run.child.kill('SIGUSR1')
    await until('a new file', () => {
      try {
        return readFileSync(log, 'utf8') === ''
      } catch {
        return false
      }
    })
    happen('two')
    await run.sees('saw two')
    run.child.kill('SIGINT')
    await run.exit
    expect(readFileSync(`${log}.1`, 'utf8')).toMatch(/saw one\n$/)
    expect(readFileSync(log, 'utf8')).toMatch(/^\S+ Notice first saw two\n$/)
  })

  test('SIGHUP loads new rules between two events', async () => {
    const run = await follow('-o', 'watch_config_files=false')
    writeFileSync(join(dir, 'rules.yaml'), rule('second'))
    happen('two')
    await run.sees('first saw two')
    run.child.kill('SIGHUP')
    await run.sees('Reloaded configuration and rules: 1 rule')
    happen('three')
    await run.sees('second saw three')
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    expect(run.output.stderr).toContain('   second: 1\n')
    expect(run.output.stderr).toContain('   first: 2\n')
  })
})

describe('changed files', () => {
  test('new rules are loaded; broken ones are rejected with an alert', async () => {
    const run = await follow('-o', 'json_output=true')
    writeFileSync(join(dir, 'new'), '- rule: broken\n  condition: ka.verb = get and\n')
    renameSync(join(dir, 'new'), join(dir, 'rules.yaml'))
    await run.sees('Falco internal: hot restart failure')
    happen('two')
    await run.sees('first saw two')
    writeFileSync(join(dir, 'rules.yaml'), rule('second'))
    await run.sees('Reloaded configuration and rules: 1 rule')
    happen('three')
    await run.sees('second saw three')
    const failure = run.output.stdout
      .split('\n')
      .map(line => (line ? JSON.parse(line) : {}))
      .find(a => a.source === 'internal')
    expect(failure).toMatchObject({
      hostname: 'testhost',
      priority: 'Critical',
      rule: 'Falco internal: hot restart failure',
      output_fields: {},
    })
    expect(failure.output).toMatch(/^Falco internal: hot restart failure: rules\.yaml: Invalid\n/)
    expect(Object.keys(failure)).toEqual(['hostname', 'output', 'output_fields', 'priority', 'rule', 'source', 'time'])
  })

  test('a failed reload raises one alert until the files are restored', async () => {
    const run = await follow('-o', 'json_output=true')
    const broken = '- rule: broken\n  condition: ka.verb = get and\n'
    writeFileSync(join(dir, 'rules.yaml'), broken)
    await run.sees('Reload failed')
    run.child.kill('SIGHUP')
    const failures = () => run.output.stderr.split('Reload failed').length - 1
    await until('a second log message', () => failures() >= 2)
    writeFileSync(join(dir, 'rules.yaml'), rule('first'))
    await run.sees('Configuration and rules are again those in force: nothing to reload')
    happen('two')
    await run.sees('first saw two')
    expect(run.output.stdout.split('hot restart failure').length - 1).toBe(2) // rule and output of one alert
    // After that the same mistake is reported again.
    writeFileSync(join(dir, 'rules.yaml'), broken)
    await until('a second alert', () => run.output.stdout.split('hot restart failure').length - 1 === 4)
  })

  test('an internal alert without fields has no empty parentheses', async () => {
    const run = await follow()
    writeFileSync(join(dir, 'rules.yaml'), 'no rules')
    await run.sees('Falco internal: hot restart failure')
    const line = run.output.stdout.split('\n').find(text => text.includes('hot restart failure'))!
    expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{9}: Critical Falco internal: hot restart failure: rules\.yaml: Invalid/)
    expect(line).not.toMatch(/\(\)$/)
  })

  test('after a new configuration, alerts go to the new outputs only', async () => {
    const config = (file: string) =>
      `rules_files: [rules.yaml]\nfile_output: {enabled: true, filename: ${file}}\nlog_stderr: true\n`
    writeFileSync(join(dir, 'falco.yaml'), config('a.log'))
    falc = startFalc(['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.jsonl', '--follow'], dir)
    happen('one')
    await until('the first alert', () => readIfThere('a.log').includes('one'))
    writeFileSync(join(dir, 'falco.yaml'), `${config('b.log')}colour: red\n`)
    await falc.sees('Reloaded')
    expect(falc.output.stderr).toContain('falco.yaml:4:1: unknown key colour\n')
    happen('two')
    await until('the second alert', () => readIfThere('b.log').includes('two'))
    expect(readIfThere('a.log')).toMatch(/^\S+ Notice first saw one\n$/)
  })
})

function readIfThere(name: string): string {
  try {
    return readFileSync(join(dir, name), 'utf8')
  } catch {
    return ''
  }
}

describe('outputs', () => {
  test('the run fails when the reader of standard output, its only output, disconnects', async () => {
    const run = await follow()
    run.child.stdout.destroy()
    happen('two')
    happen('three')
    const timer = setInterval(() => happen('more'), 50)
    const code = await run.exit
    clearInterval(timer)
    expect(code).toBe(1)
    expect(run.output.stderr).toContain('stdout: the reader has gone')
    expect(run.output.stderr).toMatch(/Alerts not delivered, by output and cause:\n {3}stdout: EPIPE: \d+\n/)
    expect(run.output.stderr).toContain('Error: every output has failed')
  })

  test('a slow reader gets every alert of a file of events', async () => {
    const count = 20_000
    let text = ''
    for (let i = 0; i < count; i++) text += event(`n${i}`)
    writeFileSync(join(dir, 'audit.jsonl'), text)
    const run = startFalc(['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', '-o', 'output_timeout=200'], dir)
    falc = run
    run.child.stdout.pause()
    // The pipe is full by then.
    await run.sees('output timeout')
    run.child.stdout.resume()
    expect(await run.exit).toBe(0)
    expect(alerts(run).length).toBe(count)
    expect(alerts(run).at(-1)).toBe(`Notice first saw n${count - 1}`)
  })

  test('a pipe on standard input is a live source: the web server runs, and rules are reloaded', async () => {
    const web = 'webserver={enabled: true, listen_port: 0, listen_address: 127.0.0.1}'
    const run = startFalc(['run', '-r', 'rules.yaml', '--k8s-audit', '-', '-o', web], dir)
    falc = run
    await run.sees('Starting health webserver, listening on http://127.0.0.1:')
    const url = /listening on (\S+)/.exec(run.output.stderr)![1]!
    run.child.stdin.write(event('one'))
    await run.sees('first saw one')
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    writeFileSync(join(dir, 'rules.yaml'), rule('second'))
    await run.sees('Reloaded')
    run.child.stdin.end(event('two'))
    expect(await run.exit).toBe(0)
    expect(run.output.stdout).toContain('second saw two')
  })

  test('a quiet pipe on standard input does not keep a stopped run alive', async () => {
    const run = startFalc(['run', '-r', 'rules.yaml', '--k8s-audit', '-'], dir)
    falc = run
    run.child.stdin.write(event('one'))
    await run.sees('first saw one')
    run.child.kill('SIGTERM')
    expect(await run.exit).toBe(0)
  })

  test('a blocked reader does not keep a stopped run alive', async () => {
    let text = ''
    for (let i = 0; i < 20_000; i++) text += event(`n${i}`)
    writeFileSync(join(dir, 'audit.jsonl'), text)
    const run = startFalc(['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', '-o', 'output_timeout=200'], dir)
    falc = run
    run.child.stdout.pause()
    await run.sees('output timeout')
    run.child.kill('SIGINT')
    await run.sees('discarding all remaining notifications')
    run.child.stdout.resume()
    expect(await run.exit).toBe(0)
    expect(run.output.stderr).toMatch(/stdout: shutdown: \d+\n/)
  })
})

test('the webhook accepts events, and the web server shows health, versions and metrics', async () => {
  const [hook, health] = [await freePort(), await freePort()]
  const web = `webserver={enabled: true, listen_port: ${health}, listen_address: 127.0.0.1, prometheus_metrics_enabled: true}`
  falc = startFalc(['run', '-r', 'rules.yaml', '--k8s-audit', `http://127.0.0.1:${hook}/audit`, '-o', web], dir)
  await falc.sees('Opening event source')
  const at = `http://127.0.0.1:${health}`
  await eventually(async () => expect((await fetch(`${at}/healthz`)).ok).toBe(true))
  expect(await (await fetch(`${at}/healthz`)).text()).toBe('{"status": "ok"}')
  expect(await (await fetch(`${at}/versions`)).json()).toMatchObject({ engine_version_semver: '0.63.0' })
  expect((await fetch(`${at}/other`)).status).toBe(404)
  expect((await fetch(at, { method: 'POST' })).status).toBe(405)
  // The webhook listens later than the health server.
  await eventually(async () => {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: event('one') }
    expect((await fetch(`http://127.0.0.1:${hook}/audit`, request)).status).toBe(200)
  })
  await falc.sees('first saw one')
  expect(await (await fetch(`${at}/metrics`)).text()).toContain(
    'falcosecurity_falco_rules_matches_total{priority="5",source="k8s_audit",rule_name="first"} 1\n',
  )
  falc.child.kill('SIGTERM')
  expect(await falc.exit).toBe(0)
})
