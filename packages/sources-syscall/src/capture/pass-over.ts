import { EVENT_HEADER } from '../event.ts'
import { uint16, uint32 } from '../events/integers.ts'
import { EVENTS } from '../events/table.ts'
import { BLOCK_HEADER, BLOCK_TRAILER, Block, EVENT_BLOCK_LIMIT } from './block.ts'
import type { CaptureCounts } from './capture-counts.ts'
import { HANDLING, Handling } from './convert.ts'
import { Skip, type Skips } from './skips.ts'
import type { Window } from './window.ts'

/** Offset of the event in its block: after the cpu, or after cpu and flags. */
export const EVENT_AT = 10
export const EVENT_AT_WITH_FLAGS = 14

/** Second names: see event.ts. */
const EVENT = Block.event2
const EVENT_FLAGS_BLOCK = Block.eventFlags2
const TAKE = Skip.take
const SKIP = Skip.skip
const DROP = Skip.drop
const STRANGER = Skip.unlessStranger
const CONNECTS = Skip.unlessConnects
const START = EVENT_AT
const START_WITH_FLAGS = EVENT_AT_WITH_FLAGS
const TRAILER = BLOCK_TRAILER
const HEADER = EVENT_HEADER
/** Bounds of a block that holds a whole event header; with flags, four bytes more. */
const SMALLEST = EVENT_AT + EVENT_HEADER + BLOCK_TRAILER
const LARGEST = EVENT_BLOCK_LIMIT + BLOCK_HEADER
/** Words of a block from its start: where the type is (its upper half), followed by the number of parameters. */
const TYPE_WORD = (EVENT_AT + 20) >> 2
const TYPE_WORD_WITH_FLAGS = (EVENT_AT_WITH_FLAGS + 20) >> 2
/** By event type: the number of parameters without which an exit event is converted; -1 = any. */
const EXPECTED = Int16Array.from(EVENTS, ({ id, params }) => (HANDLING[id] === Handling.exit ? params.length : -1))
/** By event type: 1 = its third parameter is the descriptor, as in most of those that read and write. */
const THIRD_IS_FD = Uint8Array.from(EVENTS, ({ id, params }) =>
  params[2]?.name === 'fd' && EXPECTED[id]! >= 0 ? 1 : 0,
)
const CAPTURES_ORDER = new Uint8Array(Int32Array.of(1).buffer)[0] === 1

/**
 * Moves on to the next event that is not skipped, or to where only the general case can tell what follows. Whatever the length of
 * the capture, this loop allocates nothing. Where numbers have another byte order than in captures, nothing is skipped.
 */
export function passOver(window: Window, skips: Skips, counts: CaptureCounts): void {
  if (!CAPTURES_ORDER) return
  skips.begin()
  const { view, words, limit } = window
  const { actions, living, sockets } = skips
  const places = living.length - 1
  const quiet = skips.awaiting.size === 0
  let at = window.at
  let numbered = 0
  let dropped = 0
  while (limit - at >= SMALLEST) {
    const block = at >> 2
    const kind = words[block]!
    const total = words[block + 1]!
    let start = at + START
    let header = block + TYPE_WORD
    if (kind !== EVENT) {
      if (kind !== EVENT_FLAGS_BLOCK) break
      start = at + START_WITH_FLAGS
      header = block + TYPE_WORD_WITH_FLAGS
    }
    if (total > limit - at || total < SMALLEST + start - at - START || (total & 3) !== 0 || total > LARGEST) break
    const type = words[header]! >>> 16
    const action = actions[type]!
    if (action === TAKE) break
    if (action === DROP) dropped++
    else {
      const expected = EXPECTED[type]!
      if (expected >= 0 && words[header + 1] !== expected) break
      if (action !== SKIP || !quiet) {
        // What most of the threads do needs no look at them, and what most read and write is no socket: 90 % end here.
        const tid = view.getInt32(start + 8, true)
        let done = quiet && view.getInt32(start + 12, true) === 0 && tid >= 0 && living[tid & places] === tid
        if (done && action !== STRANGER) {
          done = action === CONNECTS && THIRD_IS_FD[type] === 1 && uint16(view, start + HEADER + 4) === 8
          if (done) {
            const lengths = view.getInt32(start + HEADER, true)
            const fd = start + HEADER + expected * 2 + (lengths & 0xffff) + (lengths >>> 16)
            const num = fd + 8 <= at + total - TRAILER ? uint32(view, fd) : -1
            done = num >= 0 && num < sockets.length && sockets[num] === 0 && view.getInt32(fd + 4, true) === 0
          }
        }
        if (!done && skips.matters(action, window, start, at + total - TRAILER)) break
      }
      numbered++
    }
    at += total
  }
  window.at = at
  counts.events += numbered
  counts.passedOver += numbered
  counts.merged += dropped
}
