/** Prints how many bytes of heap a reader takes for each event that it passes over: run by walk.test.ts in a process of its own. */
import { CaptureReader } from '../../src/capture/reader.ts'
import { demandOf } from '../../src/demand/demand.ts'
import { PPME } from '../../src/events/ids.ts'
import { SkipEvents } from '../../src/state/skip-events.ts'
import { Tables } from '../../src/state/tables.ts'
import { eventBlock, join, SECTION } from '../capture/assemble.ts'

const EVENTS = 1 << 19
const BATCH = 1 << 12

const read = eventBlock(0x216, '5 SYSCALL_READ_X i64:1 hex:61 i64:3 u32:1')
const close = eventBlock(0x216, '5 SYSCALL_CLOSE_X i64:0 i64:3')
const other = eventBlock(0x216, '5 SYSCALL_LSEEK_X i64:0 i64:3 u64:0 u8:0')
const batch = join(Array.from({ length: BATCH }, (_, i) => [read, close, other][i % 3]!))

/** Passes over all events; the first one of a section is read. */
function walk(): number {
  const reader = new CaptureReader()
  reader.skips = new SkipEvents(
    new Tables(),
    demandOf([PPME.SYSCALL_OPENAT_2_X], [{ name: 'fd.connected', arg: undefined }]),
  )
  reader.push(SECTION)
  let seen = 0
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < EVENTS; i += BATCH) {
    reader.push(batch)
    while (reader.next()) seen++
  }
  const bytes = process.memoryUsage().heapUsed - before
  if (seen !== 1 || reader.counts.events !== EVENTS) throw new Error(`${seen} of ${reader.counts.events} events read`)
  return bytes
}

walk()
console.log(walk() / EVENTS)
