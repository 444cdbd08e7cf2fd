import { EVENT_HEADER } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { uint8, uint16, uint32 } from '../events/integers.ts'
import { positions } from '../events/positions.ts'

const OPEN = positions(['name', 'flags'], 'SYSCALL_OPEN_X')
const OPENAT = positions(['name', 'flags'], 'SYSCALL_OPENAT_2_X', 'SYSCALL_OPENAT2_X')
const HEADER = EVENT_HEADER
/** PPM_O_CREAT, PPM_O_TMPFILE, PPM_O_F_CREATED */
const MAKES = 4 | (1 << 13) | (1 << 14)
const MAX_ERRNO = 4095
const SLASH = 0x2f
const DOT = 0x2e

/** Whether an open, whose header starts at `start`, is of the class FAILED_OPENS (fields/open-classes.ts). What is in doubt is not. */
export function isFailedOpen(view: DataView, start: number, limit: number): boolean {
  const relative = uint16(view, start + 20) !== PPME.SYSCALL_OPEN_X
  const name = relative ? OPENAT.name : OPEN.name
  const count = uint32(view, start + 22)
  let lengths = start + HEADER
  let at = lengths + count * 2
  if (at + 8 > limit || uint16(view, lengths) !== 8) return false
  if (view.getInt32(at + 4, true) !== -1) return false
  const error = -view.getInt32(at, true)
  if (error <= 0 || error > MAX_ERRNO || count <= name + 1) return false
  for (let i = 0; i < name; i++, lengths += 2) at += uint16(view, lengths)
  const end = at + uint16(view, lengths)
  if (uint16(view, lengths + 2) !== 4 || end + 4 > limit || end - at < 2) return false
  if ((uint32(view, end) & MAKES) !== 0) return false
  const first = uint8(view, at)
  return first !== 0 && (relative || first === SLASH) && !hasDots(view, at, end)
}

/** Whether two dots in a row are among these bytes: of such a pair, one is at an odd place. */
function hasDots(view: DataView, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i += 2) {
    if (uint8(view, i) !== DOT) continue
    if (uint8(view, i - 1) === DOT || (i + 1 < end && uint8(view, i + 1) === DOT)) return true
  }
  return false
}
