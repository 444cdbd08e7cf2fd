import type { InterfaceEntry } from '../model/interfaces.ts'

/** The contents of a capture other than events, as produced by the reader and accepted by the writer. */

/** The recorded machine. */
export interface MachineInfo {
  readonly cpus: number
  readonly memoryBytes: bigint
  readonly maxPid: bigint
  readonly hostname: string
  /** Nanoseconds since 1970. */
  readonly bootTime: bigint
  readonly flags: bigint
}

/** One thread as it was when recording started. Fields that the capture's version does not record hold defaults. */
export interface ProcessEntry {
  tid: number
  pid: number
  ptid: number
  /** -1 = not recorded, as for vpgid, pgid, vtid, vpid. */
  sid: number
  vpgid: number
  pgid: number
  vtid: number
  vpid: number
  comm: string
  /** argv[0] */
  exe: string
  exepath: string
  /** argv[1..] */
  args: readonly string[]
  cwd: string
  env: readonly string[]
  /** `subsystem=path` */
  cgroups: readonly string[]
  root: string
  fdlimit: number
  /** PPM_CL_* */
  flags: number
  uid: number
  gid: number
  /** 0xffffffff = none. */
  loginuid: number
  vmSize: number
  vmRss: number
  vmSwap: number
  pfMajor: bigint
  pfMinor: bigint
  pidnsInitStartTs: bigint
  tty: number
  capInheritable: bigint
  capPermitted: bigint
  capEffective: bigint
  exeWritable: boolean
  exeUpperLayer: boolean
  exeLowerLayer: boolean
  exeFromMemfd: boolean
  exeIno: bigint
  exeCtime: bigint
  exeMtime: bigint
  /** Start time of the thread, ns since 1970; 0 = unknown. Captures do not record it. */
  cloneTs: bigint
}

/** One open descriptor as it was when recording started. */
export interface FdEntry {
  fd: number
  ino: bigint
  /** SCAP_FD_*: see FdKind. */
  type: number
  /** Path, name of an anonymous inode, path of a unix socket. */
  name: string
  /** PPM_O_*; files only. */
  openFlags: number
  dev: number
  /** Inet sockets: 4 or 16 bytes each; a listening socket has only `sip` and `sport`. null = none. */
  sip: Uint8Array | null
  dip: Uint8Array | null
  sport: number
  dport: number
  /** SCAP_L4_*: 0 unknown, 1 not applicable, 2 tcp, 3 udp, 4 icmp, 5 raw. */
  l4proto: number
  /** Unix sockets: kernel addresses of both ends. */
  unixSource: bigint
  unixPeer: bigint
}

export interface UserEntry {
  readonly uid: number
  readonly gid: number
  readonly name: string
  readonly home: string
  readonly shell: string
}

export interface GroupEntry {
  readonly gid: number
  readonly name: string
}

/**
 * Receives the tables of a capture, in file order, before the events that follow them. The visitor owns the entries: the
 * reader keeps none. All methods are optional.
 */
export interface CaptureVisitor {
  /** A section starts and invalidates everything before it (a file may hold several captures). `index` counts from 0. */
  onSection?(index: number): void
  onMachine?(machine: MachineInfo): void
  onProcess?(process: ProcessEntry): void
  /** The descriptors of one thread. */
  onFd?(tid: number, fd: FdEntry): void
  /** Each list of interfaces or users replaces the previous one. */
  onInterfaces?(interfaces: readonly InterfaceEntry[]): void
  onUsers?(users: readonly UserEntry[], groups: readonly GroupEntry[]): void
  /** The tables are complete, the first event comes next. */
  onTablesEnd?(): void
}
