import { expect, test } from 'vitest'
import { Block } from '../../src/capture/block.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { Skip } from '../../src/capture/skips.ts'
import { PPME } from '../../src/events/ids.ts'
import { block, eventBlock, join, SECTION } from './assemble.ts'
import { printEvent } from './print.ts'

test('unwanted events are passed over but still numbered; events of old versions are converted first', () => {
  const reader = new CaptureReader()
  const actions = new Uint8Array(1 << 16)
  actions[PPME.SYSCALL_CHDIR_X] = Skip.skip
  const none = { awaiting: new Set<number>(), living: new Int32Array(1).fill(-1), sockets: new Uint8Array(0) }
  reader.skips = { actions, ...none, begin: () => {}, matters: () => false }
  const chdir = eventBlock(0x216, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"')
  const enter = eventBlock(0x216, '5 SYSCALL_CLOSE_E i64:3')
  const exit = eventBlock(0x216, '5 SYSCALL_CLOSE_X i64:0')
  reader.push(join([SECTION, chdir, enter, chdir, exit, chdir]))
  reader.end()
  const seen: string[] = []
  while (reader.next()) seen.push(printEvent(reader.event))
  // The first event of a section ends its tables, and is always read.
  expect(seen).toEqual(['1 5 SYSCALL_CHDIR_X res=0 path="/"', '3 5 SYSCALL_CLOSE_X res=0 fd=3'])
  expect(reader.counts).toMatchObject({ events: 4, passedOver: 2, merged: 1 })
  expect(reader.next()).toBe(false)
})

test('an error thrown by a visitor stops the reader', () => {
  const reader = new CaptureReader({
    onUsers() {
      throw new RangeError('no more users')
    },
  })
  const users = Uint8Array.of(0x20, 2, 0, 0, 12, 0, 0, 0, 12, 0, 0, 0)
  reader.push(join([SECTION, users, eventBlock(0x216, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"')]))
  expect(() => reader.next()).toThrow('no more users')
  expect(reader.next()).toBe(false)
})

test('more interfaces than any machine has are not kept in memory', () => {
  const chdir = eventBlock(0x216, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"')
  const sizes: number[] = []
  const read = (count: number) => {
    const reader = new CaptureReader({ onInterfaces: interfaces => sizes.push(interfaces.length) })
    const body = new Uint8Array(16 * count)
    for (let at = 0; at < body.length; at += 16) body[at] = 3
    reader.push(join([SECTION, block(Block.interfaces1, body), chdir]))
    return reader.next()
  }
  expect(read(65536)).toBe(true)
  expect(() => read(65537)).toThrow('more than 65536 interfaces')
  expect(sizes).toEqual([65536])
})

test('the buffer grows to hold a block that arrives in many pieces', () => {
  const long = eventBlock(0x221, `5 PLUGINEVENT_E u32:1 hex:${'ab'.repeat(1 << 20)}`)
  const reader = new CaptureReader()
  const bytes = join([SECTION, long, long])
  let events = 0
  for (let at = 0; at < bytes.length; at += 100_000) {
    reader.push(bytes.subarray(at, at + 100_000))
    while (reader.next()) events += reader.event.paramLength(1) === 1 << 20 ? 1 : 0
  }
  reader.end()
  expect(reader.next()).toBe(false)
  expect(events).toBe(2)
  expect(reader.offset).toBe(bytes.length)
})
