import { describe, expect, test } from 'vitest'
import { SyscallEvent } from '../../src/event.ts'
import { PPME } from '../../src/events/ids.ts'
import { EVENTS, EventFlag } from '../../src/events/table.ts'

/** An event of the given type whose parameters are these bytes; header fields can be overwritten. */
function encode(type: number, params: readonly (readonly number[])[], header: { len?: number; nparams?: number } = {}) {
  const lengthSize = (EVENTS[type]?.flags ?? 0) & EventFlag.large_payload ? 4 : 2
  const size = 26 + params.length * lengthSize + params.flat().length
  const bytes = new Uint8Array(size + 8).fill(0xee)
  const view = new DataView(bytes.buffer)
  const start = 3
  view.setBigUint64(start, 1_700_000_000_123_456_789n, true)
  view.setBigInt64(start + 8, 4_000_000_000n, true)
  view.setUint32(start + 16, header.len ?? size, true)
  view.setUint16(start + 20, type, true)
  view.setUint32(start + 22, header.nparams ?? params.length, true)
  let at = start + 26
  for (const param of params) {
    if (lengthSize === 4) view.setUint32(at, param.length, true)
    else view.setUint16(at, param.length, true)
    at += lengthSize
  }
  bytes.set(params.flat(), at)
  return { bytes, view, start, limit: start + size }
}

function attach(encoded: ReturnType<typeof encode>): SyscallEvent | null {
  const event = new SyscallEvent()
  return event.attach(encoded.bytes, encoded.view, encoded.start, encoded.limit) ? event : null
}

describe('header', () => {
  test('gives time and thread', () => {
    const event = attach(
      encode(PPME.SYSCALL_CHDIR_X, [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0x2f, 0],
      ]),
    )!
    expect(event.time).toBe(1_700_000_000_123_456_789n)
    expect(Math.abs(event.timeNumber - Number(event.time))).toBeLessThanOrEqual(256)
    expect(event.tid).toBe(4_000_000_000)
  })

  test.each([
    ['shorter than its header', { len: 25 }],
    ['longer than its block', { len: 1000 }],
    ['with lengths beyond its end', { nparams: 100 }],
    ['with absurdly many parameters', { nparams: 0xffffffff }],
  ])('an event %s is refused', (_, header) => {
    expect(attach(encode(PPME.SYSCALL_CHDIR_X, [[0, 0, 0, 0, 0, 0, 0, 0], [0]], header))).toBeNull()
  })

  test('an event of unknown type is refused', () => {
    expect(attach(encode(EVENTS.length, []))).toBeNull()
  })
})

describe('numbers', () => {
  const bytes = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
  // Sizes do not follow the table here: accessors go by the length that is encoded.
  const event = attach(
    encode(PPME.SYSCALL_EXECVE_19_X, [bytes, bytes.slice(0, 4), bytes.slice(0, 2), bytes.slice(0, 1), []]),
  )!

  test('signed', () => {
    expect(event.int64(0)).toBe(-2n)
    expect(event.int64Number(0)).toBe(-2)
    expect(event.int32(1)).toBe(-2)
    expect(event.int16(2)).toBe(-2)
    expect(event.int8(3)).toBe(-2)
  })

  test('unsigned', () => {
    expect(event.uint64(0)).toBe(0xfffffffffffffffen)
    expect(event.uint64Number(0)).toBe(2 ** 64)
    expect(event.uint32(1)).toBe(0xfffffffe)
    expect(event.uint16(2)).toBe(0xfffe)
    expect(event.uint8(3)).toBe(0xfe)
  })

  test('of another size, empty or beyond the last parameter are the default', () => {
    expect(event.int64Number(1, -1)).toBe(-1)
    expect(event.int32(4, 7)).toBe(7)
    expect(event.uint8(20, 9)).toBe(9)
    expect(event.int64(20)).toBe(0n)
    expect([event.has(3), event.has(4), event.has(20)]).toEqual([true, false, false])
    expect([event.paramLength(0), event.paramLength(4), event.paramLength(31)]).toEqual([8, 0, 0])
  })
})

describe('texts and bytes', () => {
  const text = (value: string): number[] => [...new TextEncoder().encode(value)]
  const event = attach(
    encode(PPME.SYSCALL_EXECVE_19_X, [
      text('ls\0'),
      text('-l\0/tmp\0\0x'),
      text('no end'),
      text('a\0b\0'),
      [],
      [0],
      text('(NULL)\0'),
    ]),
  )!

  test('text ends at its first NUL', () => {
    expect([0, 2, 3, 4, 5, 6, 30].map(i => event.text(i))).toEqual(['ls', 'no end', 'a', '', '', '', ''])
    expect([0, 3, 4, 5, 6, 30].map(i => event.has(i))).toEqual([true, true, false, true, false, false])
  })

  test('a list of texts', () => {
    expect(event.textList(1)).toEqual(['-l', '/tmp', '', 'x'])
    expect(event.textList(5)).toEqual([''])
    expect(event.textList(30)).toEqual([])
  })

  test('bytes', () => {
    expect([...event.blob(0)]).toEqual(text('ls\0'))
    expect(event.blob(30).length).toBe(0)
  })

  test('a remembered text is not given for the next event', () => {
    const first = encode(PPME.SYSCALL_CHDIR_X, [[0, 0, 0, 0, 0, 0, 0, 0], text('/one\0')])
    const second = encode(PPME.SYSCALL_CHDIR_X, [[0, 0, 0, 0, 0, 0, 0, 0], text('/two\0')])
    const reused = new SyscallEvent()
    reused.attach(first.bytes, first.view, first.start, first.limit)
    expect([reused.text(1), reused.text(1)]).toEqual(['/one', '/one'])
    reused.attach(second.bytes, second.view, second.start, second.limit)
    expect(reused.text(1)).toBe('/two')
  })
})
