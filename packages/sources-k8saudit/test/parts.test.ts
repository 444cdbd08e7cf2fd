/** Bodies that are larger than a message: cut between the events of a list, or compressed. */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { decode, encode, partsOf } from '../src/nats/parts.ts'
import { parseAuditBody } from '../src/parse.ts'

const event = (n: number, size = 0) => ({ kind: 'Event', auditID: `é${n}`, note: '√'.repeat(size) })
const list = (items: readonly unknown[]) =>
  JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items, metadata: { a: [1] } })
const idsOf = (text: string) => parseAuditBody(text, { strict: true }).events.map(({ root }) => root.auditID)

test.each([
  ['an object', list(Array.from({ length: 50 }, (_, i) => event(i, i % 7)))],
  ['an array', JSON.stringify(Array.from({ length: 50 }, (_, i) => event(i, i % 7)))],
  ['with spaces', JSON.stringify(JSON.parse(list(Array.from({ length: 50 }, (_, i) => event(i)))), null, 3)],
])('a list is cut into lists that hold all its events in order: %s', (_, text) => {
  const parts = partsOf(text, 700)
  expect(parts.length).toBeGreaterThan(3)
  expect(parts.filter(part => Buffer.byteLength(part) > 700)).toEqual([])
  expect(parts.flatMap(idsOf)).toEqual(Array.from({ length: 50 }, (_, i) => `é${i}`))
  expect(partsOf(text, 700)).toEqual(parts)
})

test('an event larger than the limit becomes a part of its own', () => {
  const parts = partsOf(list([event(1), event(2, 500), event(3), event(4)]), 700)
  expect(parts.map(idsOf)).toEqual([['é1'], ['é2'], ['é3', 'é4']])
})

test.each([
  ['an event', JSON.stringify(event(1, 900))],
  ['an empty list', list([])],
  ['text after the list', `${list([event(1, 900)])} x`],
  ['a truncated list', list([event(1, 900), event(2)]).slice(0, -40)],
  ['no comma between two items', '[{"a":1} {"b":2}]'],
  ['not JSON', 'x'.repeat(900)],
])('text that cannot be cut stays whole, so that a worker reports its problems: %s', (_, text) => {
  const parts = partsOf(text, 700)
  expect(parts).toHaveLength(1)
  expect(parseAuditBody(parts[0]!).problems).toEqual(parseAuditBody(text).problems)
})

test('a large text is compressed; one that stays too large gives no message', async () => {
  expect(await encode('small', 100)).toEqual({ data: Buffer.from('small'), gzip: false })
  const packed = await encode('a'.repeat(5000), 100)
  expect(packed?.gzip).toBe(true)
  expect(await decode(packed!, 5000)).toEqual(Buffer.from('a'.repeat(5000)))
  expect(await encode(randomBytes(200).toString('latin1'), 100)).toBeUndefined()
})

test('a message that decodes to more than the limit is rejected', async () => {
  const packed = await encode('a'.repeat(1 << 20), 5000)
  const large = expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' })
  await expect(decode(packed!, 100_000)).rejects.toEqual(large)
  await expect(decode({ data: Buffer.alloc(101), gzip: false }, 100)).rejects.toEqual(large)
})
