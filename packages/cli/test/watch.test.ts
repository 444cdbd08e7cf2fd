import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { EARLY_LOG, Log } from '../src/log.ts'
import { watchFiles } from '../src/watch-files.ts'

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
