import { fileURLToPath } from 'node:url'
import { compileOutput } from '@falc/engine'
import { expect, test } from 'vitest'
import type { SyscallEvent } from '../../src/event.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { openCapture } from '../../src/open-capture.ts'
import { syscall } from '../../src/source.ts'

/** One event in this many is kept. */
const STEP = 97

/** Arguments name other processes as the table knows them when they are read; util.cnt counts how often it is read. */
const LIVE = new Set(['evt.args', 'evt.info', 'util.cnt'])

test.each(['host-a', 'container-a'])('%s: a clone prints the same after the replay as its event did', async name => {
  const source = syscall()
  const fields = Object.keys(SYSCALL_FIELDS).filter(
    field => SYSCALL_FIELDS[field]!.arg !== 'required' && !LIVE.has(field),
  )
  const print = compileOutput(`*${fields.map(field => `${field}=%${field}`).join('\n')}`, source)
  const path = fileURLToPath(new URL(`../../../../examples/captures/${name}.scap`, import.meta.url))
  const capture = await openCapture(path)
  const kept: { clone: SyscallEvent; said: string }[] = []
  let n = 0
  do {
    while (capture.next()) {
      if (n++ % STEP === 0) kept.push({ clone: capture.event.clone(), said: print(capture.event) })
    }
  } while (await capture.fill())
  expect(kept.length).toBeGreaterThan(10)
  for (const { clone, said } of kept) expect(print(clone).split('\n')).toEqual(said.split('\n'))
})
