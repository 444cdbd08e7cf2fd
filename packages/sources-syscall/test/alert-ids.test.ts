/** Alerts of recorded calls have the same ids in every replay, and in a recording of part of the capture. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Engine } from '@falc/engine'
import { afterAll, expect, test } from 'vitest'
import { openCapture } from '../src/open-capture.ts'
import { Recorder } from '../src/recording/recorder.ts'
import { syscall } from '../src/source.ts'

const CAPTURES = ['host-a', 'container-a'].map(name =>
  fileURLToPath(new URL(`../../../examples/captures/${name}.scap`, import.meta.url)),
)
const RULES = `
- rule: every call
  desc: d
  condition: evt.type exists
  output: "%evt.num"
  priority: INFO
  warn_evttypes: false
`
const source = syscall()

async function ids(path: string, backend: 'vm' | 'jit' = 'jit'): Promise<string[]> {
  const engine = new Engine({ sources: [source], identity: 'm', backend })
  expect(engine.load([{ name: 'r.yaml', content: RULES }]).errors).toEqual([])
  const found: string[] = []
  const replay = await openCapture(path)
  do while (replay.next()) for (const alert of engine.evaluate(source, replay.event)) found.push(alert.id)
  while (await replay.fill())
  return found
}

const dir = mkdtempSync(join(tmpdir(), 'falc-ids-'))
afterAll(() => rmSync(dir, { recursive: true }))

test.each(CAPTURES)('%s: the ids are the same with both backends and in a partial recording', async path => {
  const first = await ids(path)
  expect(new Set(first).size).toBe(first.length)
  expect(first.length).toBeGreaterThan(5000)
  expect(await ids(path, 'vm')).toEqual(first)

  const replay = await openCapture(path)
  const recorder = new Recorder(join(dir, 'part.scap'), replay)
  let n = 0
  replay.tap((event, delivered) => {
    if (!delivered) recorder.pass(event)
  })
  const wanted = () => ++n > 2000 && n % 3 === 0
  do while (replay.next()) wanted() ? recorder.write(replay.event) : recorder.pass(replay.event)
  while (await replay.fill())
  recorder.close()
  const part = await ids(join(dir, 'part.scap'))
  expect(part).toEqual(first.filter((_, i) => i + 1 > 2000 && (i + 1) % 3 === 0))
})
