/** Which system calls the probe records. */
import { PPME } from '../events/ids.ts'
import { SYSCALL_CODES, syscallsOf, X86_64_SYSCALLS } from '../events/syscalls.ts'
import { EVENTS, EventClass, EventFlag } from '../events/table.ts'
import { MAX_NATIVE_SYSCALLS, Trace } from './wire.ts'

export interface CallOptions {
  /** Falco's base_syscalls.custom_set: calls besides those of the rules, instead of those that state needs; `!name` takes one away. */
  readonly custom?: readonly string[]
  /** Falco's base_syscalls.repair: with a custom set, what state needs all the same. */
  readonly repair?: boolean
}

/** Calls that change what fields show but that the event table does not mark: limits, namespaces. */
const ALSO_STATE = ['setrlimit', 'prlimit64', 'unshare', 'setns', 'getcwd']

/**
 * Wants by the kernel's system call number, as the sidecar takes them.
 * @param types per event type 1 where a rule can match; `all` = everything
 */
export function wantedCalls(types: Uint8Array | 'all', options: CallOptions = {}): Uint8Array {
  const codes = new Set<number>()
  const custom = options.custom ?? []
  for (const event of EVENTS) {
    const wanted = types === 'all' || types[event.id] === 1
    const base = changesState(event.flags) && (custom.length === 0 || options.repair === true)
    if (event.enter && event.classes & EventClass.syscall) continue
    if (wanted || base) for (const code of syscallsOf(event.id)) codes.add(code)
  }
  if (types === 'all' || types[PPME.GENERIC_X] === 1) for (const code of genericCalls()) codes.add(code)
  if (custom.length === 0 || options.repair === true) for (const name of ALSO_STATE) codes.add(SYSCALL_CODES.get(name)!)
  for (const name of custom) {
    const code = SYSCALL_CODES.get(name.replace(/^!/, ''))
    if (code === undefined) continue
    if (name.startsWith('!')) codes.delete(code)
    else codes.add(code)
  }
  const wants = new Uint8Array(MAX_NATIVE_SYSCALLS)
  for (const [native, code] of X86_64_SYSCALLS.entries()) if (codes.has(code)) wants[native] = 1
  if (types === 'all' || types[PPME.SIGNALDELIVER_E] === 1) wants[Trace.signal] = 1
  // These two are so many that they are only recorded when somebody asks for them by name.
  if (types !== 'all' && types[PPME.SCHEDSWITCH_6_E] === 1) wants[Trace.switch] = 1
  if (types !== 'all' && types[PPME.PAGE_FAULT_E] === 1) wants[Trace.pageFault] = 1
  return wants
}

function changesState(flags: number): boolean {
  if (flags & (EventFlag.unused | EventFlag.old_version)) return false
  return (flags & (EventFlag.modifies_state | EventFlag.creates_fd | EventFlag.destroys_fd)) !== 0
}

/** Calls without an event of their own. */
function genericCalls(): number[] {
  const own = new Set(EVENTS.flatMap(event => syscallsOf(event.id)))
  return [...SYSCALL_CODES.values()].filter(code => !own.has(code))
}
