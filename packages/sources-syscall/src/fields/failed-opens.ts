import type { EventClass, Scalar } from '@falc/engine'
import { PPME } from '../events/ids.ts'

/**
 * Opens that failed, could not have made a file, and have no two dots in a row in their path, which is absolute if the call is
 * open(2): what the probe can leave out (native/bpf/open.bpf.h). It sends whatever is in doubt. A check that the values allow is not
 * decided, since the field may be absent.
 */
export const FAILED_OPENS: EventClass = {
  types: [PPME.SYSCALL_OPEN_X, PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_OPENAT2_X],
  decides(field, arg, operator, values) {
    const never = NEVER[arg === undefined ? field : `${field}.${arg}`]
    return never?.(operator, values) ? false : undefined
  },
}

/** Whether a check does not hold. */
type Never = (operator: string, values: readonly Scalar[]) => boolean

const MAX_ERRNO = 4095

const NEVER: Readonly<Record<string, Never>> = {
  'fd.num': within(-1, -1),
  'evt.rawres': within(-MAX_ERRNO, -1),
  'evt.failed': is(true),
  'evt.is_open_create': is(false),
  'evt.is_open_exec': is(false),
  'evt.res': (operator, values) => isEqual(operator) && values.every(value => value === 'SUCCESS'),
  'evt.arg.flags': without(['O_CREAT', 'O_TMPFILE']),
  // Of repeated slashes one is shown, which brings no dots together.
  'fd.nameraw': without(['..']),
}

function isEqual(operator: string): boolean {
  return operator === '=' || operator === 'in'
}

function is(truth: boolean): Never {
  return (operator, values) =>
    isEqual(operator) ? !values.includes(truth) : operator === '!=' && values.every(value => value === truth)
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
