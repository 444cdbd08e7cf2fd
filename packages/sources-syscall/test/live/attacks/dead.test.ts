/** A file system whose server never answers (dead.c), as on a dead network, does not hold up the first picture of /proc. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLive } from '../../../src/live/open-live.ts'
import { missingFuse, until } from '../machine.ts'

const reason = missingFuse()

describe.skipIf(reason !== undefined)('the first picture lists a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-dead-'))
  const children: ChildProcess[] = []
  beforeAll(() => {
    execFileSync('cc', [join(import.meta.dirname, 'dead.c'), '-o', join(folder, 'dead')])
  })
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    ['that holds a descriptor on a file system that never answers', 'held'],
    ['whose pid namespace has a file system that never answers at /proc', 'proc'],
  ])('%s', async (_, kind) => {
    const child = spawn(join(folder, 'dead'), [mkdtempSync(join(folder, `${kind}-`)), kind], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    let said = ''
    child.stdout!.on('data', data => (said += data))
    await until('the process', () => said.endsWith('\n') || child.exitCode !== null)
    const live = await openLive()
    try {
      expect(live.state.tables.threads.get(Number(said))?.comm).toBe('dead')
    } finally {
      await live.close()
    }
  })
})
