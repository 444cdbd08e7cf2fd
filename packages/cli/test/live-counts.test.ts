/** Counters of events that were not lost are not listed as losses. */
import type { LiveCounts } from '@falc/sources-syscall'
import { expect, test } from 'vitest'
import { limitsIn, lossesIn, passedOverIn, repairsIn } from '../src/sources/live-counts.ts'

const counts = {
  ...{ events: 1000, passedOver: 1, fileReads: 1, fileCloses: 1, dropFull: 2, dropPressure: 2, dropFullFirst: 2 },
  ...{ dropTooLarge: 2, dropNoRing: 2, dropFlood: 2, fault: 2, tailFailed: 2, compat: 2, malformed: 2, restarts: 2 },
  ...{ purged: 2, raced: 3, unchecked: 3, ioUring: 3, namesRefused: 3, logCut: 3, forged: 3, notReread: 3 },
  ...{ repairs: 4, reread: 4 },
} satisfies LiveCounts

test.each([
  ['losses', lossesIn(counts), 2, 12],
  ['limits', limitsIn(counts), 3, 7],
  ['repairs', repairsIn(counts), 4, 2],
])('%s include only their own counters', (_, found, value, kinds) => {
  expect(Object.values(found)).toEqual(Array(kinds).fill(value))
})

test('events passed over are the sum of their three counters', () => expect(passedOverIn(counts)).toBe(3))
