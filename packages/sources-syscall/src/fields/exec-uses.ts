import type { EventClass } from '@falc/engine'
import { PPME } from '../events/ids.ts'
import { EVENTS } from '../events/table.ts'
import { FAILED_CALLS } from './open-classes.ts'

const EXECS = EVENTS.filter(({ id }) => id === PPME.SYSCALL_EXECVE_19_X || id === PPME.SYSCALL_EXECVEAT_X)

/** Programs that start, where a rule reads from the event itself with which environment. What it reads of the process is a part of the state. */
export const ENVIRONMENT_USES: EventClass = {
  types: EXECS.map(({ id }) => id),
  decides: () => undefined,
  reads: readsParameters(name => name === 'env'),
}

/**
 * Programs that could not be started, where a rule reads more of the event than its result, flags and path. What it reads of the process is
 * that of before.
 */
export const FAILED_EXECS: EventClass = {
  types: EXECS.map(({ id }) => id),
  decides: FAILED_CALLS,
  reads: readsParameters(name => !['res', 'flags', 'filename'].includes(name)),
}

/** Whether a field reads such a parameter of an exec. */
function readsParameters(which: (name: string) => boolean): NonNullable<EventClass['reads']> {
  return (field, arg) => {
    if (field === 'evt.args' || field === 'evt.info') return true
    if (field !== 'evt.arg' && field !== 'evt.rawarg') return false
    return EXECS.some(({ params }) =>
      params.some(({ name }, i) => which(name) && (arg === undefined || arg === name || Number(arg) === i)),
    )
  }
}
