/** Which system calls the probe records. */
import type { FieldUse, Unmatched, UnmatchedClass } from '@falc/engine'
import { partsRead } from '../demand/fields-read.ts'
import { PPME } from '../events/ids.ts'
import { ARM64_SYSCALLS, SYSCALL_CODES, syscallsOf, X86_64_SYSCALLS } from '../events/syscalls.ts'
import { EVENTS, EventClass, EventFlag } from '../events/table.ts'
import { readsFilesOfProcess } from '../fields/file-uses.ts'
import { readsMessage } from '../fields/syslog.ts'
import { searchedBytes } from './texts.ts'
import {
  MAX_NATIVE_SYSCALLS,
  Trace,
  WANT_BARE_FAILURES,
  WANT_NO_DIRECTORIES,
  WANT_NO_ENVIRONMENTS,
  WANT_NO_FAILED_OPENS,
  WANT_NO_FILES,
  WANT_WHOLE_LOGS,
  Want,
  Wanted,
} from './wire.ts'

export interface CallOptions {
  /** Falco's base_syscalls.custom_set: calls recorded besides those of the rules, replacing those that state needs; `!name` removes one. */
  readonly custom?: readonly string[]
  /** Falco's base_syscalls.repair: keep the calls that state needs in addition to a custom set. */
  readonly repair?: boolean
  /** Falco's base_syscalls.all: every call, whether rules need it or not. */
  readonly all?: boolean
}

/** Calls without an event of their own that are recorded as another's, whose rules would miss them. */
export const RECORDED_AS: Readonly<Record<string, string>> = { fchmodat2: 'fchmodat' }

/** Calls that affect field values but are not flagged in the event table: limits, namespaces. */
const ALSO_STATE = ['setrlimit', 'prlimit64', 'unshare', 'setns', 'getcwd']

/** What rules ask for. */
export interface Asked {
  /** Per event type, 1 if a rule can match it; `all` = everything. */
  readonly wanted: Uint8Array | 'all'
  /** By class of events, the types whose events of that class no rule can match: the kernel leaves them out. */
  readonly unmatched?: Unmatched | undefined
  /** What they read; undefined = not known. */
  readonly fields?: readonly FieldUse[] | undefined
}

/** What the kernel leaves out since rules do not ask for it: descriptors of files and of directories that an earlier event has opened, environments. */
export interface LeftOut {
  readonly files: boolean
  readonly directories: boolean
  readonly environments: boolean
}
const NOTHING: LeftOut = { files: false, directories: false, environments: false }
const ALL: LeftOut = { files: true, directories: true, environments: true }

/** @param before what was left out until now: nothing more will be */
export function leftOutBy(asked: Asked, options: CallOptions, before = ALL): LeftOut {
  return {
    files: before.files && !asksForDescriptors(asked, options, ['fileUses']),
    directories: before.directories && !asksForDescriptors(asked, options, ['directoryUses', 'startedOpens']),
    environments: before.environments && !asksForEnvironments(asked, options),
  }
}

/** The wants, indexed by the kernel's system call number, and texts, in the sidecar's format. */
export function wantedCalls(
  { wanted, unmatched = {}, fields = [] }: Asked,
  options: CallOptions = {},
  leftOut: LeftOut = NOTHING,
): Uint8Array {
  const types = options.all === true ? 'all' : wanted
  /** Call codes, and whether each is wanted for rules rather than only for state. */
  const codes = new Map<number, boolean>()
  const want = (code: number, wanted: boolean) => codes.set(code, wanted || codes.get(code) === true)
  const custom = options.custom ?? []
  for (const event of EVENTS) {
    const wanted = types === 'all' || types[event.id] === 1
    const base = changesState(event.flags) && (custom.length === 0 || options.repair === true)
    if (event.enter && event.classes & EventClass.syscall) continue
    if (wanted || base) for (const code of syscallsOf(event.id)) want(code, wanted)
  }
  if (types === 'all' || types[PPME.GENERIC_X] === 1) for (const code of GENERIC) want(code, true)
  for (const [name, other] of Object.entries(RECORDED_AS))
    if (codes.get(SYSCALL_CODES.get(other)!) === true) want(SYSCALL_CODES.get(name)!, true)
  if (custom.length === 0 || options.repair === true)
    for (const name of ALSO_STATE) want(SYSCALL_CODES.get(name)!, false)
  for (const name of custom) {
    const code = SYSCALL_CODES.get(name.replace(/^!/, ''))
    if (code === undefined) continue
    if (name.startsWith('!')) codes.delete(code)
    else want(code, true)
  }
  const all = new Uint8Array(Wanted.size)
  const wants = all.subarray(Wanted.wants, Wanted.wants + MAX_NATIVE_SYSCALLS)
  const natives = process.arch === 'arm64' ? ARM64_SYSCALLS : X86_64_SYSCALLS
  for (const [native, code] of natives.entries())
    if (codes.has(code)) wants[native] = codes.get(code) ? Want.event : Want.state
  if (fields.some(readsMessage))
    for (const [native, code] of natives.entries())
      if (WRITES.has(code) && wants[native] === Want.event) wants[native]! |= WANT_WHOLE_LOGS
  if (types !== 'all') {
    const failed = new Set((unmatched.failedOpens?.types ?? []).flatMap(syscallsOf))
    for (const [native, code] of natives.entries())
      if (failed.has(code) && wants[native] !== Want.nothing) wants[native]! |= WANT_NO_FAILED_OPENS
  }
  const execs =
    (leftOut.environments ? WANT_NO_ENVIRONMENTS : 0) |
    (types !== 'all' && unmatched.failedExecs?.rules.length === 0 ? WANT_BARE_FAILURES : 0)
  for (const [native, code] of natives.entries())
    if (EXECS.has(code) && wants[native] !== Want.nothing) wants[native]! |= execs
  const leaveOut = (
    addition: number,
    opens: UnmatchedClass | undefined,
    texts: Uint32Array | undefined,
    at: number,
  ) => {
    const unasked: readonly number[] = [PPME.SYSCALL_CLOSE_X, ...(texts === undefined ? [] : opens!.types)]
    const calls = new Set(unasked.flatMap(syscallsOf))
    for (const [native, code] of natives.entries())
      if (calls.has(code) && wants[native] !== Want.nothing) wants[native]! |= addition
    if (texts !== undefined) new Uint32Array(all.buffer, at).set(texts)
  }
  const { fileReads, directoryReads, pathCalls } = unmatched
  const searched = (opens: UnmatchedClass | undefined, directories: boolean) =>
    opens?.rules.length === 0 && pathCalls?.rules.length === 0
      ? searchedBytes([...opens.texts, ...pathCalls.texts], directories)
      : undefined
  if (leftOut.files) leaveOut(WANT_NO_FILES, fileReads, searched(fileReads, false), Wanted.texts)
  if (leftOut.directories)
    leaveOut(WANT_NO_DIRECTORIES, directoryReads, searched(directoryReads, true), Wanted.directoryTexts)
  if (types === 'all' || types[PPME.SIGNALDELIVER_E] === 1) wants[Trace.signal] = 1
  // These two are too frequent to record unless a rule asks for them by name.
  if (wanted !== 'all' && wanted[PPME.SCHEDSWITCH_6_E] === 1) wants[Trace.switch] = 1
  if (wanted !== 'all' && wanted[PPME.PAGE_FAULT_E] === 1) wants[Trace.pageFault] = 1
  return all
}

/**
 * Whether a rule may ask for a descriptor that an earlier event has opened, by the classes of events that use one, or for its close; or all
 * calls are to be recorded. Otherwise the kernel leaves out what makes such descriptors known.
 */
function asksForDescriptors(
  { wanted, unmatched, fields }: Asked,
  { custom = [], all = false }: CallOptions,
  uses: readonly string[],
): boolean {
  return (
    wanted === 'all' ||
    wanted[PPME.SYSCALL_CLOSE_X] === 1 ||
    all ||
    custom.length > 0 ||
    uses.some(name => unmatched?.[name]?.rules.length !== 0) ||
    fields === undefined ||
    fields.some(readsFilesOfProcess)
  )
}

/** Whether a rule may read with which environment a program was started; or all calls are to be recorded. */
export function asksForEnvironments({ wanted, unmatched, fields }: Asked, { all = false }: CallOptions): boolean {
  const { environmentUses } = unmatched ?? {}
  return (
    wanted === 'all' ||
    all ||
    environmentUses === undefined ||
    environmentUses.rules.length > 0 ||
    fields === undefined ||
    fields.some(field => partsRead(field).includes('environments'))
  )
}

function changesState(flags: number): boolean {
  if (flags & (EventFlag.unused | EventFlag.old_version)) return false
  return (flags & (EventFlag.modifies_state | EventFlag.creates_fd | EventFlag.destroys_fd)) !== 0
}

const OWN_EVENTS = new Set(EVENTS.flatMap(event => syscallsOf(event.id)))
/** Codes of the calls without a dedicated event type. */
const GENERIC = new Set([...SYSCALL_CODES.values()].filter(code => !OWN_EVENTS.has(code)))

const EXECS = new Set([PPME.SYSCALL_EXECVE_19_X, PPME.SYSCALL_EXECVEAT_X].flatMap(syscallsOf))

/** Codes of the calls that write to a descriptor. */
const WRITES = new Set(EVENTS.flatMap(event => (event.flags & EventFlag.writes_to_fd ? syscallsOf(event.id) : [])))

/** The entries of a custom set that do not name a system call. */
export function unknownCalls(custom: readonly string[]): string[] {
  return custom.filter(name => !SYSCALL_CODES.has(name.replace(/^!/, '')))
}

/** Sorted names of the events that state does not need, recorded only if a rule (or base_syscalls) asks for them. */
export function ignoredEvents(): string[] {
  const names = new Set<string>()
  const here = new Set(X86_64_SYSCALLS)
  const alsoState = ALSO_STATE.map(name => SYSCALL_CODES.get(name)!)
  for (const { id, name, flags, classes, enter } of EVENTS) {
    if (enter && classes & EventClass.syscall) continue
    if (flags & (EventFlag.unused | EventFlag.old_version) || changesState(flags)) continue
    const codes = syscallsOf(id).filter(code => here.has(code))
    const called = codes.length > 0 && !codes.some(code => alsoState.includes(code))
    if (called || TRACES.includes(id)) names.add(name)
  }
  for (const [name, code] of SYSCALL_CODES) if (GENERIC.has(code) && here.has(code)) names.add(name)
  return [...names].sort()
}

/** Kernel events that are not system calls. */
const TRACES: readonly number[] = [PPME.SIGNALDELIVER_E, PPME.SCHEDSWITCH_6_E, PPME.PAGE_FAULT_E]

/** Event types that are flagged; undefined = all. */
export function numbers(flags: Uint8Array | 'all' | undefined): number[] | undefined {
  return flags === undefined || flags === 'all' ? undefined : [...flags.keys()].filter(type => flags[type] === 1)
}
