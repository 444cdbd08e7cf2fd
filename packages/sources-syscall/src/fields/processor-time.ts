import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import type { Thread } from '../model/thread.ts'
import type { ThreadTable } from '../state/thread-table.ts'
import type { Field, Fields } from './table.ts'

/**
 * Tracks when each processor last switched threads, and how long threads have run. Needs switch events, which few recordings
 * contain.
 */
class SwitchClock {
  readonly #lastSwitch: bigint[] = []
  readonly #totals = new WeakMap<Thread, bigint>()
  #eventNum = -1
  #ran = 0n

  /** Nanoseconds that the thread of a switch event has run; repeated calls for the same event return the same value. */
  running(event: SyscallEvent): bigint {
    if (event.num === this.#eventNum) return this.#ran
    const last = this.#lastSwitch[event.cpu]
    const { thread, time } = event
    this.#eventNum = event.num
    this.#lastSwitch[event.cpu] = time
    this.#ran = last === undefined ? 0n : time - last
    if (thread !== null) this.#totals.set(thread, this.total(thread) + this.#ran)
    return this.#ran
  }

  total(thread: Thread): bigint {
    return this.#totals.get(thread) ?? 0n
  }
}

const clocks = new WeakMap<ThreadTable, SwitchClock>()

function clockOf(table: ThreadTable): SwitchClock {
  let clock = clocks.get(table)
  if (clock === undefined) {
    clock = new SwitchClock()
    clocks.set(table, clock)
  }
  return clock
}

const USAGE = positions(['cpu_usr', 'cpu_sys'], 'PROCINFO_E')

function isSwitch(event: SyscallEvent): boolean {
  return event.type === PPME.SCHEDSWITCH_1_E || event.type === PPME.SCHEDSWITCH_6_E
}

/** Share of a processor used since the thread's last procinfo event, at most 100; only procinfo events have it. */
function share(doc: string, user: boolean, system: boolean): Field {
  const last = new WeakMap<Thread, bigint>()
  return {
    type: 'double',
    doc,
    extract: event => {
      const { thread } = event
      if (event.type !== PPME.PROCINFO_E || thread === null) return undefined
      const total = (user ? event.uint64(USAGE.cpu_usr) : 0n) + (system ? event.uint64(USAGE.cpu_sys) : 0n)
      const before = last.get(thread) ?? 0n
      last.set(thread, total)
      return before === 0n ? 0 : Math.min(100, Number(total - before))
    },
  }
}

/** Processor time of threads. */
export const PROCESSOR_TIME_FIELDS: Fields = {
  'thread.exectime': {
    type: 'reltime',
    print: 'dec',
    doc: 'Nanoseconds that the thread ran before it was switched out; 0 for anything but a switch event.',
    extract: event => (event.thread !== null && isSwitch(event) ? clockOf(event.thread.table).running(event) : 0),
  },
  'thread.totexectime': {
    type: 'reltime',
    print: 'dec',
    doc: 'Nanoseconds that the thread has run so far, counted from switch events.',
    extract: event => {
      if (event.thread === null) return undefined
      const clock = clockOf(event.thread.table)
      if (isSwitch(event)) clock.running(event)
      return clock.total(event.thread)
    },
  },
  'thread.cpu': share('Processor time of the last interval, user and system.', true, true),
  'thread.cpu.user': share('Processor time of the last interval in user mode.', true, false),
  'thread.cpu.system': share('Processor time of the last interval in the kernel.', false, true),
}
