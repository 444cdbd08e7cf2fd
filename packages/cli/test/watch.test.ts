import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EARLY_LOG, Log } from '../src/log.ts'
import { watchFiles } from '../src/run/watch-files.ts'

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
async function keepWriting(path: string, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    writeFileSync(path, String(passed))
    await sleep(50)
  }
}

describe('files and folders', { timeout: 20_000 }, () => {
  test('that change are told of once', async () => {
    writeFileSync(join(dir, 'falco.yaml'), 'a: b')
    writeFileSync(join(dir, 'rules.d/new.yaml'), '')
    await sleep(600)
    expect(changes).toBe(1)
  })

  test('that change without end are told of all the same', async () => {
    await keepWriting(join(dir, 'rules.d/log'), 1600)
    expect(changes).toBeGreaterThan(0)
  })

  test('beside a file are nobody’s concern', async () => {
    await keepWriting(join(dir, 'metrics.jsonl'), 600)
    await sleep(400)
    expect(changes).toBe(0)
  })

  test('of a ConfigMap change by their folder’s link', async () => {
    symlinkSync('rules.d', join(dir, '..data'))
    await sleep(600)
    expect(changes).toBe(1)
  })
})
