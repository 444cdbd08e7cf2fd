/**
 * native/wire.h in TypeScript: the definitions that the probe, the sidecar and the engine share. All numbers are little-endian;
 * test/probe/native-sources.test.ts compares every constant with the header's.
 */
export const WIRE_VERSION = 18
/** "FALC" */
export const WIRE_MAGIC = 0x434c4146
export const MAX_NATIVE_SYSCALLS = 512
/** How a system call is recorded. `state`: no rule asks for it; only calls that change the state are recorded. */
export const Want = { nothing: 0, event: 1, first: 2, state: 3 } as const
/** Added to the want of a call that opens files: events of the class FAILED_OPENS are left out. */
export const WANT_NO_FAILED_OPENS = 0x80
/** Added to the want of a call that writes: messages to the system log are kept whole. */
export const WANT_WHOLE_LOGS = 0x40
/** Added to the wants of close and of calls that open files: no rule asks for descriptors of files. */
export const WANT_NO_FILES = 0x20
/** Added to the want of execve and execveat: their environments are left empty. */
export const WANT_NO_ENVIRONMENTS = 0x10
/** Added to the wants of close and of openat: no rule asks for descriptors of directories. */
export const WANT_NO_DIRECTORIES = 0x08
/** Added to the want of execve and execveat: of failed ones only result, flags and path are kept. */
export const WANT_BARE_FAILURES = 0x04
/** Most texts that paths are searched for, and the bit by which small letters differ from capital ones. */
export const MAX_TEXTS = 64
export const CASE_BIT = 0x20
/** Slots of `wants` for tracepoints. */
export const Trace = { signal: 508, switch: 509, pageFault: 510 } as const
/** Longest payload of a frame. */
export const MAX_FRAME = 1 << 20
/** Most processes that one PICTURE frame may name. */
export const MAX_PICTURED = 256

/** A ring record: u16 cpu, then the event as SyscallEvent reads it. */
export const RECORD_CPU = 0
export const RECORD_EVENT = 2

export const Frame = {
  hello: 1,
  configure: 2,
  rings: 3,
  blocks: 4,
  ready: 5,
  stats: 6,
  syscalls: 7,
  stop: 8,
  problem: 9,
  stream: 10,
  events: 11,
  picture: 12,
  wait: 13,
  worker: 14,
  ended: 15,
  names: 16,
} as const

/** u32 kind, u32 length of the payload that follows. */
export const FRAME_HEADER = 8

/** Offsets in the payloads. */
export const Hello = { magic: 0, version: 4, cpus: 8, pageBytes: 12, bootTime: 16, size: 24 } as const
export const Configure = {
  version: 0,
  snaplen: 4,
  ringBytes: 8,
  cpusPerRing: 12,
  ownEvents: 16,
  picture: 20,
  wanted: 24,
  size: 24 + MAX_NATIVE_SYSCALLS + 2 * MAX_TEXTS * 4,
} as const
/** What is wanted of calls: in CONFIGURE, and alone in SYSCALLS. */
export const Wanted = {
  wants: 0,
  texts: MAX_NATIVE_SYSCALLS,
  directoryTexts: MAX_NATIVE_SYSCALLS + MAX_TEXTS * 4,
  size: MAX_NATIVE_SYSCALLS + 2 * MAX_TEXTS * 4,
} as const
export const Wait = { pid: 0, uid: 4, size: 8 } as const
export const Worker = { pid: 0, restarts: 4, size: 8 } as const
export const Rings = { count: 0, ringBytes: 4, size: 8 } as const

export const NamesRequest = { pid: 0, size: 4 } as const
export const Names = { pid: 0, outcome: 4, passwdBytes: 8, groupBytes: 12, text: 16 } as const
export const NamesOutcome = { read: 0, shared: 1, gone: 2, refused: 3 } as const

/** Longest payload of an EVENTS frame. */
export const MAX_EVENTS_FRAME = 256 << 10

/** The probe's counters, in the order of the STATS frame's u64s. What `Stats` names follows. */
export const COUNTERS = [
  'events',
  'dropFull',
  'dropPressure',
  'dropFullFirst',
  'dropTooLarge',
  'dropNoRing',
  'fault',
  'tailFailed',
  'compat',
  'raced',
  'unchecked',
  'dropFlood',
  'ioUring',
  'passedOver',
  'namesRefused',
  'logCut',
  'forged',
  'fileReads',
  'fileCloses',
] as const

export const Stats = {
  lossBegan: COUNTERS.length * 8,
  flooder: COUNTERS.length * 8 + 8,
  hooked: COUNTERS.length * 8 + 12,
  size: COUNTERS.length * 8 + 16,
} as const

export type Counter = (typeof COUNTERS)[number]
