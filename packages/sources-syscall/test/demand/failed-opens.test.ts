import { expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { EVENTS } from '../../src/events/table.ts'
import { FAILED_OPENS } from '../../src/fields/open-classes.ts'
import { eventOf, processOf, wordsOf } from '../../src/scene/notation.ts'
import { PARTS } from '../../src/state/parts.ts'
import { SkipEvents } from '../../src/state/skip-events.ts'
import { SyscallState } from '../../src/state/state.ts'
import { block, SECTION } from '../capture/assemble.ts'

const ALL = new Set(EVENTS.map(({ id }) => id))

/** Whether an event is read or passed over; it is of thread 10 unless the line begins with another id. */
function fateOf(line: string, failedOpens: ReadonlySet<number>): string {
  const { bare, values } = wordsOf(/^\d/.test(line) ? line : `10 ${line}`)
  const event = eventOf(bare[1]!, Number(bare[0]), 1_700_000_000_000_000_000n, values)
  const state = new SyscallState()
  const reader = new CaptureReader(state)
  reader.push(SECTION)
  reader.next()
  state.onProcess(processOf(wordsOf('thread 10 comm=sh')))
  reader.skips = new SkipEvents(state.tables, { wanted: ALL, parts: new Set(PARTS), failedOpens })
  // Events are passed over from the second on.
  for (let i = 0; i < 2; i++) reader.push(block(0x216, Uint8Array.of(0, 0, ...event.bytes)))
  reader.end()
  reader.next()
  reader.next()
  return reader.counts.passedOver > 0 ? 'passed over' : 'read'
}

test.each(readCaseFile(new URL('cases/failed-opens.txt', import.meta.url)))('$title', one => {
  one.expectRows('events', line => fateOf(line, new Set(FAILED_OPENS.types)))
  expect(one.rows('events').map(({ input }) => fateOf(input, new Set()))).not.toContain('passed over')
})
