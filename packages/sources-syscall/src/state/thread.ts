import type { Memo, MemoHolder } from '@falc/engine'
import type { FdTable } from './fd.ts'

/**
 * One thread of the recorded machine (libsinsp's threadinfo). Every field is set in the constructor, so that all
 * threads have one shape. Whoever changes something that a `thread`-scoped field reads calls `forget`.
 */
export class Thread implements MemoHolder {
  memo: Memo | null = null
  tid: number
  pid: number
  ptid: number
  sid = -1
  vpgid = -1
  pgid = -1
  vtid = -1
  vpid = -1
  comm = ''
  exe = ''
  exepath = ''
  /** argv[1..] */
  args: readonly string[] = []
  /** NAME=VALUE; own value for main threads, else the main thread's is meant. */
  env: readonly string[] = []
  /** Ends with "/"; main threads only. */
  cwd = ''
  root = '/'
  /** [subsystem, path] pairs. */
  cgroups: readonly (readonly [string, string])[] = []
  /** PPM_CL_*. */
  flags = 0
  fdlimit = -1
  uid = 0xffffffff
  gid = 0xffffffff
  loginuid = 0xffffffff
  capPermitted = 0n
  capEffective = 0n
  capInheritable = 0n
  vmSize = 0
  vmRss = 0
  vmSwap = 0
  pfMajor = 0n
  pfMinor = 0n
  /** Nanoseconds since 1970. */
  cloneTs = 0n
  lastExecTs = 0n
  pidnsInitStartTs = 0n
  exeIno = 0n
  exeCtime = 0n
  exeMtime = 0n
  exeWritable = false
  exeUpperLayer = false
  exeLowerLayer = false
  exeFromMemfd = false
  tty = 0
  containerId = ''
  dead = false
  fds: FdTable | null = null
  parent: Thread | null = null
  leader: Thread | null = null
  children: Thread[] = []

  constructor(tid: number, pid: number, ptid: number) {
    this.tid = tid
    this.pid = pid
    this.ptid = ptid
  }
}
