import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { EARLY_LOG, Log } from '../src/log.ts'
import { watchFiles } from '../src/watch-files.ts'
import { startFalc } from './process.ts'

let dir: string
let end: () => void
let changes = 0
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-watch-'))
  mkdirSync(join(dir, 'rules.d'))
  writeFileSync(join(dir, 'falco.yaml'), '')
  changes = 0
  const log = new Log({ ...EARLY_LOG, log_stderr: false })
  end = watchFiles([join(dir, 'falco.yaml'), join(dir, 'rules.d')], () => changes++, log)
})
afterEach(() => {
  end()
  rmSync(dir, { recursive: true })
})

/** Writes twenty times a second: the watcher waits for a longer silence. */
async function keepWriting(path: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    writeFileSync(path, String(performance.now()))
    await sleep(50)
  }
}

describe('files and folders', () => {
  test('that change are reported once', async () => {
    writeFileSync(join(dir, 'falco.yaml'), 'a: b')
    writeFileSync(join(dir, 'rules.d/new.yaml'), '')
    await eventually(() => expect(changes).toBe(1))
    await sleep(400)
    expect(changes).toBe(1)
  })

  test('that change continuously are reported nevertheless', async () => {
    const writing = new AbortController()
    const written = keepWriting(join(dir, 'rules.d/log'), writing.signal)
    await eventually(() => expect(changes).toBeGreaterThan(0))
    writing.abort()
    await written
  })

  test('beside a watched file are ignored', async () => {
    await keepWriting(join(dir, 'metrics.jsonl'), AbortSignal.timeout(600))
    await sleep(400)
    expect(changes).toBe(0)
  })

  test('that are missing are reported when the first folder of their path is created', async () => {
    end()
    const log = new Log({ ...EARLY_LOG, log_stderr: false })
    end = watchFiles([join(dir, 'updates/current/base')], () => changes++, log)
    mkdirSync(join(dir, 'other'))
    mkdirSync(join(dir, 'updates'))
    await eventually(() => expect(changes).toBe(1))
  })

  test('of a ConfigMap are reported when the link of their folder is created', async () => {
    symlinkSync('rules.d', join(dir, '..data'))
    await eventually(() => expect(changes).toBe(1))
  })
})

describe('a run', () => {
  const rule = (name: string, verb: string) =>
    `- {rule: ${name}, desc: d, condition: ka.verb = ${verb}, output: "${name} saw %ka.target.name", priority: NOTICE, source: k8s_audit}\n`

  function happen(name: string, verb: string): void {
    const stageTimestamp = '2026-05-04T10:20:30.000000Z'
    const event = { kind: 'Event', auditID: name, stage: 'ResponseComplete', verb, objectRef: { name }, stageTimestamp }
    appendFileSync(join(dir, 'audit.jsonl'), `${JSON.stringify(event)}\n`)
  }

  /** Follows the log; resolves once the first alert is printed. */
  async function follow(...args: string[]) {
    happen('one', 'get')
    const run = startFalc(['run', ...args, '--k8s-audit', 'audit.jsonl', '--follow'], dir)
    onTestFinished(() => void run.child.kill('SIGKILL'))
    await run.sees('first saw one')
    return run
  }

  test('finds a mistake in a new rules file, and its correction', async () => {
    const config = (...files: string[]) =>
      writeFileSync(join(dir, 'falco.yaml'), `rules_files: [${files.join(', ')}]\nstdout_output: {enabled: true}\n`)
    writeFileSync(join(dir, 'rules.d/r.yaml'), rule('first', 'get'))
    config('rules.d/r.yaml')
    const run = await follow('-c', 'falco.yaml')
    mkdirSync(join(dir, 'more'))
    writeFileSync(join(dir, 'more/new.yaml'), '- rule: broken\n  condition: ka.verb = get and\n')
    config('rules.d/r.yaml', 'more/new.yaml')
    await run.sees('Reload failed')
    writeFileSync(join(dir, 'more/new.yaml'), rule('second', 'list'))
    await run.sees('Reloaded configuration and rules: 2 rules')
    happen('two', 'list')
    await run.sees('second saw two')
  })

  test('continues when a folder of rules has become a loop of links: the reload fails', async () => {
    writeFileSync(join(dir, 'rules.d/r.yaml'), rule('first', 'get'))
    const run = await follow('-r', 'rules.d/r.yaml')
    rmSync(join(dir, 'rules.d'), { recursive: true })
    symlinkSync('rules.d', join(dir, 'rules.d'))
    run.child.kill('SIGHUP')
    await run.sees('Reload failed')
    happen('two', 'get')
    await run.sees('first saw two')
  })
})
