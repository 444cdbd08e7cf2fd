import { EVENTS, EventClass, EventFlag } from '../events/table.ts'

/** Events that do not change the state, apart from adding an entry for an unknown thread, which no field exposes. */
export const STATELESS: Uint8Array = Uint8Array.from(EVENTS, event =>
  event.enter ||
  event.flags & (EventFlag.modifies_state | EventFlag.creates_fd | EventFlag.destroys_fd) ||
  learns(event.id)
    ? 0
    : 1,
)

/** Reads and writes show who talks to whom; memory and scheduler events carry counters. */
function learns(id: number): boolean {
  const { category, classes } = EVENTS[id]!
  return (
    category === 'io_read' ||
    category === 'io_write' ||
    category === 'io_other' ||
    category === 'net' ||
    category === 'memory' ||
    category === 'process' ||
    category === 'user' ||
    category === 'file' ||
    (classes & EventClass.scheduler) !== 0
  )
}
