import type { EventClass } from '@falc/engine'
import { PPME } from '../events/ids.ts'
import { EVENTS } from '../events/table.ts'

const EXECS = EVENTS.filter(({ id }) => id === PPME.SYSCALL_EXECVE_19_X || id === PPME.SYSCALL_EXECVEAT_X)

/** Programs that start, where a rule reads from the event itself with which environment. What it reads of the process is a part of the state. */
export const ENVIRONMENT_USES: EventClass = {
  types: EXECS.map(({ id }) => id),
  decides: () => undefined,
  reads(name, arg) {
    if (name === 'evt.args' || name === 'evt.info') return true
    if (name !== 'evt.arg' && name !== 'evt.rawarg') return false
    return EXECS.some(({ params }) =>
      params.some((param, i) => param.name === 'env' && (arg === 'env' || Number(arg) === i)),
    )
  },
}
