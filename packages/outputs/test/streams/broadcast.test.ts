import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Broadcast, type Sink } from '../../src/streams/broadcast.ts'
import { idOf, item } from '../transports/items.ts'

/** A client that accepts writes while it has room. */
class Reader implements Sink {
  readonly got: (number | string)[] = []
  room: number

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room
  }

  write({ id }: { id: string }): boolean {
    this.got.push(Number.parseInt(id, 16))
    return --this.room > 0
  }

  missed(count: number | undefined): void {
    this.got.push(`missed ${count}`)
  }

  end(): void {
    this.got.push('end')
  }
}

const items = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => item(from + i))
const broadcast = (change = {}) => new Broadcast({ history: 10, buffer: 3, maxClients: 3, ...change })

describe('broadcast', () => {
  test('every client gets every alert; a full client does not affect the others', () => {
    const all = broadcast()
    const [one, two] = [new Reader(), new Reader(1)]
    all.subscribe(one)
    all.subscribe(two)
    all.push(items(1, 3))
    expect([one.got, two.got]).toEqual([[1, 2, 3], [1]])
    expect(all.undone).toEqual({})
  })

  test('a slow client loses the oldest alerts, and gets a notice in their place', () => {
    const all = broadcast()
    const slow = new Reader(2)
    const client = all.subscribe(slow)!
    all.push(items(1, 9))
    slow.room = 10
    client.drained()
    expect(slow.got).toEqual([1, 2, 'missed 4', 7, 8, 9])
    expect(client.lost).toBe(4)
    expect(all.undone).toEqual({ slow_client: 4 })
  })

  test('alerts wait for the first client; later ones do not get them', () => {
    const all = broadcast()
    all.push(items(1, 3))
    const [one, two] = [new Reader(), new Reader()]
    all.subscribe(one)
    all.subscribe(two)
    all.push(items(4, 4))
    expect([one.got, two.got]).toEqual([[1, 2, 3, 4], [4]])
  })

  test('take() returns the alerts that no client has got', () => {
    const all = broadcast()
    all.push(items(1, 3))
    expect(all.take().map(({ id }) => id)).toEqual([1, 2, 3].map(idOf))
    expect(all.take()).toEqual([])
    const reader = new Reader()
    const client = all.subscribe(reader)!
    all.push(items(4, 5))
    client.leave()
    all.push(items(6, 6))
    expect(all.take().map(({ id }) => id)).toEqual([idOf(6)])
  })

  test('alerts dropped before any client connects are counted', () => {
    const all = broadcast()
    all.push(items(1, 25))
    expect(all.undone).toEqual({ no_client: 15 })
    const reader = new Reader()
    all.subscribe(reader)
    expect(reader.got).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25])
    all.push(items(26, 40))
    expect(all.undone).toEqual({ no_client: 15 })
  })

  test('a client that reconnects gets the alerts it missed, or a notice if they are no longer kept', () => {
    const all = broadcast()
    all.subscribe(new Reader())
    all.push(items(1, 12))
    const [back, late] = [new Reader(), new Reader()]
    all.subscribe(back, idOf(10))
    all.subscribe(late, idOf(1))
    expect(back.got).toEqual([11, 12])
    expect(late.got).toEqual(['missed undefined', 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  test('a client beyond the limit is refused; closing ends all clients', () => {
    const all = broadcast()
    const readers = [1, 2, 3].map(() => new Reader())
    for (const reader of readers) expect(all.subscribe(reader)).toBeDefined()
    expect(all.subscribe(new Reader())).toBeUndefined()
    all.close()
    expect(readers.map(({ got }) => got)).toEqual([['end'], ['end'], ['end']])
    expect(all.clients).toBe(0)
  })

  test('whatever happens, alerts come in order, at most once, and missing ones are counted', () => {
    const steps = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 8 }) }),
      fc.record({ room: fc.integer({ min: 1, max: 8 }) }),
    )
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), steps => {
        const all = broadcast({ history: 1000 })
        const reader = new Reader(2)
        const client = all.subscribe(reader)!
        let next = 1
        for (const step of steps) {
          if ('push' in step) all.push(items(next, (next += step.push) - 1))
          else {
            reader.room = step.room
            client.drained()
          }
        }
        reader.room = 1e9
        client.drained()
        const numbers = reader.got.filter(entry => typeof entry === 'number')
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
        expect(new Set(numbers).size).toBe(numbers.length)
        expect(numbers.length + client.lost).toBe(next - 1)
        const told = reader.got.filter(entry => typeof entry === 'string').map(text => Number(text.slice(7)))
        expect(told.reduce((a, b) => a + b, 0)).toBe(client.lost)
        expect(all.undone.slow_client ?? 0).toBe(client.lost)
      }),
    )
  })
})

describe('memory', () => {
  const large = (from: number, to: number) => items(from, to).map(one => ({ ...one, body: 'x'.repeat(1 << 20) }))

  test('the backlog of slow clients is bounded in bytes and shared by them', () => {
    const all = broadcast({ history: 1000, buffer: 1000 })
    const readers = [new Reader(1), new Reader(1), new Reader(1)]
    const clients = readers.map(reader => all.subscribe(reader)!)
    all.push(large(1, 100))
    expect(readers.map(({ got }) => got)).toEqual([[1], [1], [1]])
    for (const [i, client] of clients.entries()) {
      readers[i]!.room = 1000
      client.drained()
      expect(client.lost).toBeGreaterThan(80)
      expect(readers[i]!.got.length - 2 + client.lost).toBe(99)
    }
    expect(all.undone).toEqual({ slow_client: clients[0]!.lost })
  })

  test('the backlog for the first client is bounded in bytes, too', () => {
    const all = broadcast({ history: 1000 })
    all.push(large(1, 100))
    const kept = all.take().length
    expect(kept).toBeLessThan(20)
    expect(all.undone).toEqual({ no_client: 100 - kept })
  })
})
