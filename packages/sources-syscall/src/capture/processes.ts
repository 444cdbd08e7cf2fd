import { TextLimit } from './block.ts'
import type { Cursor } from './cursor.ts'
import { lengthOf } from './tables.ts'
import type { ProcessEntry } from './visitor.ts'

/** A thread about which nothing is known: the defaults of fields that a version does not record. */
export function emptyProcess(tid: number, pid: number, ptid: number): ProcessEntry {
  return {
    tid,
    pid,
    ptid,
    sid: -1,
    vpgid: -1,
    pgid: -1,
    vtid: -1,
    vpid: -1,
    comm: '',
    exe: '',
    exepath: '',
    args: [],
    cwd: '',
    env: [],
    cgroups: [],
    root: '',
    fdlimit: 0,
    flags: 0,
    uid: 0,
    gid: 0,
    loginuid: 0xffffffff,
    vmSize: 0,
    vmRss: 0,
    vmSwap: 0,
    pfMajor: 0n,
    pfMinor: 0n,
    pidnsInitStartTs: 0n,
    tty: 0,
    capInheritable: 0n,
    capPermitted: 0n,
    capEffective: 0n,
    exeWritable: false,
    exeUpperLayer: false,
    exeLowerLayer: false,
    exeFromMemfd: false,
    exeIno: 0n,
    exeCtime: 0n,
    exeMtime: 0n,
    cloneTs: 0n,
  }
}

/**
 * Reads a process list of block version 1 to 9. Entries of version 9 start with their length; they may end early or hold
 * further fields. `started`: the thread's start time follows the format's last field, as in the sidecar's lists.
 */
export function readProcesses(
  cursor: Cursor,
  version: number,
  onProcess: (process: ProcessEntry) => void,
  started = false,
): void {
  while (cursor.remaining >= 4) {
    const entry = version >= 9 ? cursor.part(lengthOf(cursor, 'process'), 'process') : cursor
    const process = emptyProcess(entry.i64Number('tid'), entry.i64Number('pid'), entry.i64Number('ptid'))
    readMandatory(entry, version, process)
    if (version >= 9) readTail(entry, process)
    if (started && entry.remaining >= 8) process.cloneTs = entry.u64('start')
    onProcess(process)
  }
}

function readMandatory(entry: Cursor, version: number, process: ProcessEntry): void {
  if (version >= 6) process.sid = entry.i64Number('sid')
  if (version >= 8) process.vpgid = entry.i64Number('vpgid')
  process.comm = entry.text(TextLimit.process, 'comm')
  process.exe = entry.text(TextLimit.process, 'exe')
  if (version >= 7) process.exepath = entry.text(TextLimit.process, 'exepath')
  process.args = entry.texts(TextLimit.list, 'args')
  process.cwd = entry.text(TextLimit.process, 'cwd')
  process.fdlimit = entry.i64Number('fdlimit')
  process.flags = entry.u32('flags')
  process.uid = entry.u32('uid')
  process.gid = entry.u32('gid')
  if (version >= 2) {
    process.vmSize = entry.u32('vmsize_kb')
    process.vmRss = entry.u32('vmrss_kb')
    process.vmSwap = entry.u32('vmswap_kb')
    process.pfMajor = entry.u64('pfmajor')
    process.pfMinor = entry.u64('pfminor')
  }
  if (version >= 3) process.env = entry.texts(TextLimit.list, 'env')
  if (version >= 4) {
    process.vtid = entry.i64Number('vtid')
    process.vpid = entry.i64Number('vpid')
    process.cgroups = entry.texts(TextLimit.list, 'cgroups')
  }
  if (version >= 5) process.root = entry.text(TextLimit.process, 'root')
}

/** Size of loginuid, exe_writable and the capabilities: the fields after `root` in libs before 0.10. */
const TAIL_BEFORE_0_10 = 29

/** Each field is present only if it fits in the rest of the entry. */
function readTail(entry: Cursor, process: ProcessEntry): void {
  if (entry.remaining > TAIL_BEFORE_0_10) {
    if (entry.remaining >= 8) process.pidnsInitStartTs = entry.u64('pidns_init_start_ts')
    if (entry.remaining >= 4) process.tty = entry.u32('tty')
  }
  if (entry.remaining >= 4) process.loginuid = entry.u32('loginuid')
  if (entry.remaining >= 1) process.exeWritable = entry.u8('exe_writable') !== 0
  if (entry.remaining >= 8) process.capInheritable = entry.u64('cap_inheritable')
  if (entry.remaining >= 8) process.capPermitted = entry.u64('cap_permitted')
  if (entry.remaining >= 8) process.capEffective = entry.u64('cap_effective')
  if (entry.remaining >= 1) process.exeUpperLayer = entry.u8('exe_upper_layer') !== 0
  if (entry.remaining >= 8) process.exeIno = entry.u64('exe_ino')
  if (entry.remaining >= 8) process.exeCtime = entry.u64('exe_ino_ctime')
  if (entry.remaining >= 8) process.exeMtime = entry.u64('exe_ino_mtime')
  if (entry.remaining >= 1) process.exeFromMemfd = entry.u8('exe_from_memfd') !== 0
  if (entry.remaining >= 1) process.exeLowerLayer = entry.u8('exe_lower_layer') !== 0
  if (entry.remaining >= 8) process.pgid = entry.i64Number('pgid')
}
