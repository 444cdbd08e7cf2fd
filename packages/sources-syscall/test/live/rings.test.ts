/** The reader of rings, tested with fake rings that are written as the kernel writes them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Rings } from '../../src/live/rings.ts'
import { StreamedRing } from '../../src/live/streamed-ring.ts'
import { EPOCH, FakeRing } from './fake-ring.ts'

function drain(rings: Rings): number[] {
  const tags: number[] = []
  rings.look()
  while (rings.next()) tags.push(rings.event.tid)
  return tags
}

describe('rings', () => {
  test('a single ring yields all its events at once, in order', () => {
    const ring = new FakeRing(4096)
    const rings = new Rings([ring], EPOCH)
    for (let i = 0; i < 5; i++) ring.write(i, i, i)
    expect(drain(rings)).toEqual([0, 1, 2, 3, 4])
    expect(ring.free).toBe(4096)
    expect(drain(rings)).toEqual([])
  })

  test('a turn that ends early neither loses nor repeats an event', () => {
    const rings = new Rings(
      [new FakeRing(4096), new FakeRing(4096)].map((ring, i) => {
        for (let n = 0; n < 4; n++) ring.write(10 * n + i, 10 * n + i, n)
        return ring
      }),
      EPOCH,
    )
    const tags: number[] = []
    rings.look()
    for (let turn = 0; turn < 10; turn++) {
      rings.look()
      for (let n = 0; n < 3 && rings.next(); n++) tags.push(rings.event.tid)
      rings.pause()
    }
    expect(tags).toEqual([0, 1, 10, 11, 20, 21, 30, 31])
  })

  test('several rings are merged by time, and an event waits for the next look', () => {
    const [a, b] = [new FakeRing(4096), new FakeRing(4096)]
    const rings = new Rings([a, b], EPOCH)
    a.write(10, 1, 0)
    a.write(30, 3, 0)
    b.write(20, 2, 0)
    expect(drain(rings)).toEqual([])
    b.write(25, 4, 0)
    b.write(99, 9, 0)
    expect(drain(rings)).toEqual([1, 2, 4, 3])
    expect(drain(rings)).toEqual([9])
  })

  test('an unfinished record holds up later ones, a discarded record does not', () => {
    const [a, b] = [new FakeRing(4096), new FakeRing(4096)]
    const rings = new Rings([a, b], EPOCH)
    a.write(1, 1, 0)
    const finish = a.write(2, 2, 0, 'busy')
    b.write(3, 3, 0, 'discarded')
    b.write(4, 4, 0)
    drain(rings)
    expect(drain(rings)).toEqual([1])
    finish()
    expect(drain(rings)).toEqual([2, 4])
  })

  test('an inconsistent record is skipped and counted', () => {
    const ring = new FakeRing(4096)
    const rings = new Rings([ring], EPOCH)
    ring.write(1, 1, 0)
    ring.write(2, 2, 0)
    new DataView(ring.data).setUint32(26, 9999, true)
    expect(drain(rings)).toEqual([2])
    expect(rings.malformed).toBe(1)
  })

  test('records received over a socket are read the same way', () => {
    const piece = fc.array(fc.nat(300), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), pieces => {
        const streamed = new StreamedRing(4096)
        const rings = new Rings([streamed], EPOCH)
        let time = 0
        for (const piece of pieces) {
          const kernel = new FakeRing(8192)
          const expected = piece.map(extra => {
            kernel.write(++time, time, extra)
            return time
          })
          streamed.push(new Uint8Array(kernel.data, 0, 8192 - kernel.free))
          expect(drain(rings)).toEqual(expected)
          expect(streamed.free).toBe(4096)
        }
        expect(() => streamed.push(new Uint8Array(4097))).toThrow(RangeError)
      }),
    )
  })

  test('no event is lost, repeated or out of order while the rings wrap around', () => {
    const step = fc.record({
      ring: fc.nat(2),
      extra: fc.nat(300),
      drain: fc.boolean(),
      discarded: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), steps => {
        const memories = [new FakeRing(4096), new FakeRing(4096), new FakeRing(4096)]
        const rings = new Rings(memories, EPOCH)
        const seen: number[] = []
        const expected: number[] = []
        let time = 0
        for (const { ring, extra, drain: now, discarded } of steps) {
          time++
          if (memories[ring]!.free < extra + 48) seen.push(...drain(rings), ...drain(rings))
          memories[ring]!.write(time, time, extra, discarded ? 'discarded' : 'done')
          if (!discarded) expected.push(time)
          if (now) seen.push(...drain(rings))
        }
        seen.push(...drain(rings), ...drain(rings))
        expect(seen).toEqual(expected)
        for (const memory of memories) expect(memory.free).toBe(4096)
      }),
    )
  })
})
