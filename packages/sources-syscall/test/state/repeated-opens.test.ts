/** An open that repeats another byte for byte gives the same fields as in a state that decodes every open. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CaptureReader } from '../../src/capture/reader.ts'
import type { SyscallEvent } from '../../src/event.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { SyscallState } from '../../src/state/state.ts'
import { eventBlock, join, SECTION } from '../capture/assemble.ts'

const FIELDS = ['fd.num', 'fd.name', 'fd.nameraw', 'fd.directory', 'fd.typechar', 'fd.ino', 'fd.dev', 'fd.nameresolved']

function opened(blocks: readonly Uint8Array[], readAll: boolean): unknown[] {
  const state = new SyscallState({ readAll })
  const reader = new CaptureReader(state)
  reader.push(join([SECTION, ...blocks]))
  reader.end()
  const seen: unknown[] = []
  while (reader.next()) {
    const event: SyscallEvent = reader.event
    state.apply(event)
    seen.push(FIELDS.map(name => SYSCALL_FIELDS[name]!.extract(event)))
  }
  return seen
}

const openat = fc
  .record({
    tid: fc.constantFrom(5, 6),
    result: fc.constantFrom(3, 4, -2, -13),
    dirfd: fc.constantFrom(-100, 3),
    path: fc.constantFrom('/etc/passwd', '/etc/passwd\u0001', '/etc/./passwd', 'passwd', '', '/a/../b', '/é'),
    flags: fc.constantFrom(1, 4097, 1025),
    ino: fc.constantFrom(0, 9),
  })
  .map(({ tid, result, dirfd, path, flags, ino }) => {
    const name = JSON.stringify(`${path}\0`)
    return eventBlock(
      0x216,
      `${tid} SYSCALL_OPENAT_2_X i64:${result} i64:${dirfd} ${name} u32:${flags} u32:0 u32:7 u64:${ino}`,
    )
  })

test('random opens give the same fields as decoding each of them', () => {
  fc.assert(
    fc.property(fc.array(openat, { minLength: 1, maxLength: 60 }), blocks => {
      expect(opened(blocks, false)).toEqual(opened(blocks, true))
    }),
    { numRuns: 200 },
  )
})

test('the same bytes in parameters of other lengths are not taken for a repeated open', () => {
  const call = (words: string) => eventBlock(0x216, `5 SYSCALL_OPENAT_2_X i64:3 i64:-100 ${words}`)
  const blocks = [
    call('"/etc/a\\u0000" u32:1 u32:0 u32:7 u64:9'),
    call('"/etc/a\\u0000\\u0001\\u0000\\u0000\\u0000" empty: u32:0 u32:7 u64:9'),
    call('"/etc/a\\u0000" u32:1 u32:0 u32:7 u64:9'),
  ]
  expect(opened(blocks, false)).toEqual(opened(blocks, true))
})
