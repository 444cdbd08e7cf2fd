import type { SyscallEvent } from '../../event.ts'

/** The descriptors of poll and ppoll; entries beyond the length are left out. */
export function readFdList(event: SyscallEvent, at: number, length: number): { num: number; events: number }[] {
  const { view } = event
  const entries: { num: number; events: number }[] = []
  const end = at + length
  const count = length < 2 ? 0 : view.getUint16(at, true)
  for (let i = 0, next = at + 2; i < count && next + 10 <= end; i++, next += 10) {
    entries.push({
      num: view.getInt32(next + 4, true) * 0x100000000 + view.getUint32(next, true),
      events: view.getInt16(next + 8, true) >>> 0,
    })
  }
  return entries
}
