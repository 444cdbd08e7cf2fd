/** The counters of the live source, by their meaning for events. */
import type { LiveCounts } from '@falc/sources-syscall'

/** Events that the kernel left out, since no rule depends on them. */
const LEFT_OUT = ['passedOver', 'fileReads', 'fileCloses'] as const satisfies (keyof LiveCounts)[]

/** Counters that do not count lost events. */
const LIMITS = [
  'forged',
  'ioUring',
  'logCut',
  'namesRefused',
  'notReread',
  'raced',
  'unchecked',
] as const satisfies (keyof LiveCounts)[]

/** Repairs of the state after losses. */
const REPAIRS = ['repairs', 'reread'] as const satisfies (keyof LiveCounts)[]

const NO_LOSSES: ReadonlySet<string> = new Set(['events', ...LEFT_OUT, ...LIMITS, ...REPAIRS])

type Counts = Readonly<LiveCounts>

export const passedOverIn = (counts: Counts): number => LEFT_OUT.reduce((sum, kind) => sum + counts[kind], 0)

export const lossesIn = (counts: Counts): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([kind]) => !NO_LOSSES.has(kind)))

export const limitsIn = (counts: Counts): Record<string, number> => only(counts, LIMITS)

export const repairsIn = (counts: Counts): Record<string, number> => only(counts, REPAIRS)

const only = (counts: Counts, kinds: readonly (keyof LiveCounts)[]) =>
  Object.fromEntries(kinds.map(kind => [kind, counts[kind]]))
