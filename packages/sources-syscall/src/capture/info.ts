import { PPME } from '../events/ids.ts'
import { SYSCALL_NAMES } from '../events/syscalls.ts'
import { EVENTS } from '../events/table.ts'
import type { CaptureCounts } from './capture-counts.ts'
import { CaptureError } from './capture-error.ts'
import { CaptureFile } from './file.ts'
import type { MachineInfo } from './visitor.ts'

/** Summary of a capture, as shown by `falc capture info`. */
export interface CaptureInfo {
  readonly path: string
  /** Size of the file in bytes. */
  readonly size: number
  /** The last one recorded; null = none. */
  readonly machine: MachineInfo | null
  readonly sections: number
  readonly events: number
  /** Times of the first and the last event, ns since 1970; null = no events. */
  readonly first: bigint | null
  readonly last: bigint | null
  /** By evt.type, most frequent first. */
  readonly byType: readonly { readonly type: string; readonly events: number }[]
  /** Number of threads in the process tables, and number of threads that have events. */
  readonly processes: number
  readonly threads: number
  readonly counts: CaptureCounts
  /** Where and why reading broke off; null = it reached the end. */
  readonly error: CaptureError | null
}

/** Reads a whole capture. For a broken one, the result covers everything before the break. @throws {Error} from the file system */
export async function captureInfo(path: string): Promise<CaptureInfo> {
  const perEvent = new Float64Array(EVENTS.length)
  const perCall = new Float64Array(SYSCALL_NAMES.length)
  const threads = new Set<number>()
  let processes = 0
  let first: bigint | null = null
  let last: bigint | null = null
  let machine: MachineInfo | null = null
  let broken: CaptureError | null = null
  // Not `openCapture`: of a capture that breaks off inside its tables, it tells the reason alone.
  const capture = new CaptureFile(path, { onProcess: () => processes++, onMachine: info => (machine = info) })
  const { event, size, counts } = capture
  try {
    do {
      while (capture.next()) {
        if (event.type === PPME.GENERIC_X && event.uint16(0) < perCall.length) perCall[event.uint16(0)]!++
        else perEvent[event.type]!++
        if (event.tid >= 0) threads.add(event.tid)
        first ??= event.time
        last = event.time
      }
    } while (await capture.fill())
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    broken = error
  }
  const byType = new Map<string, number>()
  const add = (type: string, events: number): void => {
    if (events > 0) byType.set(type, (byType.get(type) ?? 0) + events)
  }
  for (const { id, name } of EVENTS) add(name, perEvent[id]!)
  for (const [code, name] of SYSCALL_NAMES.entries()) add(name, perCall[code]!)
  return {
    path,
    size,
    machine,
    sections: counts.sections,
    events: counts.events,
    first,
    last,
    byType: [...byType].map(([type, events]) => ({ type, events })).sort((a, b) => b.events - a.events),
    processes,
    threads: threads.size,
    counts,
    error: broken,
  }
}
