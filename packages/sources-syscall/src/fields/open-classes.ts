import type { EventClass, Scalar } from '@falc/engine'
import { PPME } from '../events/ids.ts'

/** Whether a check by one or more values does not hold. */
type Never = (operator: string, values: readonly Scalar[]) => boolean

const MAX_ERRNO = 4095
const MAX_DESCRIPTOR = 0x7fffffff

/** Of repeated slashes one is shown, which brings no dots together. */
const NO_WAY_UP: Readonly<Record<string, Never>> = { 'fd.nameraw': without(['..']) }
const NOTHING_MADE: Readonly<Record<string, Never>> = {
  'evt.is_open_create': is(false),
  'evt.is_open_exec': is(false),
  'evt.arg.flags': without(['O_CREAT', 'O_TMPFILE']),
}
const WITH_ERROR: Readonly<Record<string, Never>> = {
  'evt.rawres': within(-MAX_ERRNO, -1),
  'evt.failed': is(true),
  'evt.res': (operator, values) => isEqual(operator) && values.every(value => value === 'SUCCESS'),
}
const FAILED: Readonly<Record<string, Never>> = {
  ...NO_WAY_UP,
  ...NOTHING_MADE,
  ...WITH_ERROR,
  'evt.arg.flags': without(['O_CREAT']),
  'fd.num': within(-1, -1),
}
const READ: Readonly<Record<string, Never>> = {
  ...NO_WAY_UP,
  'fd.num': within(0, MAX_DESCRIPTOR),
  'evt.rawres': within(0, MAX_DESCRIPTOR),
  'evt.failed': is(false),
  'evt.res': is('SUCCESS'),
  'evt.is_open_write': is(false),
}

/**
 * Opens that failed, could not have made a file, and have no two dots in a row in their path, which is absolute if the call is
 * open(2): what the probe can leave out (native/bpf/open.bpf.h). It sends whatever is in doubt. Of a directory, recorders say O_TMPFILE, too,
 * of which O_DIRECTORY is a bit. A check that the values allow is not decided, since the field may be absent.
 */
export const FAILED_OPENS: EventClass = {
  types: [PPME.SYSCALL_OPEN_X, PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_OPENAT2_X],
  decides: decidedBy(FAILED),
}

/**
 * openat calls that opened an existing file, not to write to it: a directory, or anything else. Their path has no two dots in a row, but for
 * that of a directory, which may be `..`. Of a directory, recorders say O_TMPFILE, too, of which O_DIRECTORY is a bit.
 */
export const FILE_READS: EventClass = readsOf({ ...NOTHING_MADE, 'fd.typechar': is('f'), 'fd.type': is('file') })
export const DIRECTORY_READS: EventClass = readsOf({
  'fd.typechar': is('d'),
  'fd.type': is('directory'),
  'fd.nameraw': without(['../', '/..']),
})

/** What can be said of any call that failed. */
export const FAILED_CALLS: EventClass['decides'] = decidedBy(WITH_ERROR)

function readsOf(kind: Readonly<Record<string, Never>>): EventClass {
  return {
    types: [PPME.SYSCALL_OPENAT_2_X],
    decides: decidedBy({ ...READ, ...kind }),
    searched: new Set(['fd.name', 'fd.nameraw', 'fd.directory', 'fd.filename']),
  }
}

function decidedBy(checks: Readonly<Record<string, Never>>): EventClass['decides'] {
  return (field, arg, operator, values) => {
    if (operator === 'exists') return undefined
    const never = checks[arg === undefined ? field : `${field}.${arg}`]
    return never?.(operator, values) ? false : undefined
  }
}

export function isEqual(operator: string): boolean {
  return operator === '=' || operator === 'in'
}

/** The value is this one. */
function is(value: boolean | string): Never {
  return (operator, values) =>
    isEqual(operator) ? !values.includes(value) : operator === '!=' && values.every(other => other === value)
}

/** The value lies between the two. */
function within(low: number, high: number): Never {
  const meets = (operator: string, value: number) => {
    switch (operator) {
      case '=':
      case 'in':
        return value >= low && value <= high
      case '!=':
        return low !== high || value !== low
      case '<':
        return low < value
      case '<=':
        return low <= value
      case '>':
        return high > value
      case '>=':
        return high >= value
      default:
        return true
    }
  }
  return (operator, values) => values.every(value => !meets(operator, Number(value)))
}

/** None of these texts occurs in the value. */
function without(texts: readonly string[]): Never {
  const has = (part: string) => texts.some(text => part.includes(text))
  return (operator, values) =>
    values.every(value => {
      switch (operator) {
        case '=':
        case 'in':
        case 'contains':
        case 'startswith':
        case 'endswith':
          return has(value as string)
        case 'glob':
          return !/[[\\]/.test(value as string) && (value as string).split(/[*?]/).some(has)
        default:
          return false
      }
    })
}
