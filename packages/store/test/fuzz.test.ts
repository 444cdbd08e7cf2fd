/** Bytes that `writeAlertJson` never prints: a batch of them is added or refused as a whole, and reading it comes to an end. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FUZZ_TIMEOUT, fuzzed } from '../../../scripts/testing/fuzz.ts'
import { type Batch, batchOf } from '../src/batch.ts'
import { alert, openStore } from './alerts.ts'

const PLAIN = alert(1, {
  output_fields: { 'proc.name': 'sh', 's.int': -5, 's.double': 5.5, 's.bool': true, 's.port': null, 's.ip': '::1' },
  tags: ['a', 'b'],
  hostname: 'host',
})
const PRINTED = Buffer.from(batchOf([PLAIN]).bodies)

/** Pieces of JSON, so that what is inserted is often close to valid. */
const piece = fc.oneof(
  fc.constantFrom(...'{}[]",:\\n-0é', '""', '{"', '"}', ',"', '":', 'null', '\n', '"tags":[', '"output":"', '"id":'),
  fc.string({ maxLength: 4, unit: 'binary' }),
)

/** Replaces the bytes at one place. */
const edit = fc.record({ at: fc.nat(PRINTED.length), removed: fc.nat(40), put: piece })
const mutated = fc
  .array(edit, { minLength: 1, maxLength: 4 })
  .map(edits =>
    edits.reduce(
      (bytes, { at, removed, put }) =>
        Buffer.concat([bytes.subarray(0, at), Buffer.from(put), bytes.subarray(at + removed)]),
      PRINTED,
    ),
  )
const cut = fc.nat(PRINTED.length).map(length => PRINTED.subarray(0, length))
const made = fc.array(piece, { maxLength: 20 }).map(pieces => Buffer.from(pieces.join('')))
const bytes = fc.oneof(mutated, cut, made, fc.uint8Array({ maxLength: 60 }).map(Buffer.from))

test('a batch of arbitrary bytes is added or refused as a whole', { timeout: FUZZ_TIMEOUT }, async () => {
  const store = await openStore()
  let [added, refused] = [0, 0]
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 3 }), bodies => {
      const all = [...bodies, PRINTED]
      let end = 0
      const ends = Uint32Array.from(all, body => (end += body.length))
      const batch: Batch = { bodies: Buffer.concat(all), ends, times: new BigInt64Array(all.length) }
      const before = store.count()
      let rows = 0
      try {
        rows = store.insertBatch(batch)
        added += rows
      } catch {
        refused++
      }
      expect(store.count()).toBe(before + rows)
      store.prune({ bytes: 0 })
    }),
    fuzzed(500),
  )
  expect(added).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
})
