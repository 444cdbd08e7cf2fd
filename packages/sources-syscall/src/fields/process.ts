import type { SyscallEvent } from '../event.ts'
import { MAX_LIST_BYTES } from '../model/string-list.ts'
import type { Thread } from '../model/thread.ts'
import { capabilitiesText } from './formats/capabilities.ts'
import { integer } from './formats/integer.ts'
import { utf8Length } from './formats/utf8.ts'
import type { Field, Fields } from './table.ts'

/** A string that depends only on the event's thread. */
function text(doc: string, of: (thread: Thread) => string | undefined): Field {
  return { type: 'string', scope: 'thread', doc, extract: event => onThread(event, of) }
}

function flag(doc: string, of: (thread: Thread) => boolean): Field {
  return { type: 'bool', scope: 'thread', doc, extract: event => onThread(event, of) }
}

/** A time or an inode, absent if 0, which means not known. */
function known(type: Field['type'], doc: string, of: (thread: Thread) => bigint): Field {
  return {
    type,
    print: 'dec',
    scope: 'thread',
    doc,
    extract: event => {
      const value = event.thread === null ? 0n : of(event.thread)
      return value === 0n ? undefined : integer(value)
    },
  } as Field
}

function onThread<T>(event: SyscallEvent, of: (thread: Thread) => T): T | undefined {
  return event.thread === null ? undefined : of(event.thread)
}

/** Returns undefined for ids that are not process ids (some recorders use larger ones). */
export function processId(id: number): number | undefined {
  return id >= -1 && id <= 0xffffffff ? id : undefined
}

/** The parent process's main thread, used to walk up for proc.p* and the ancestors. */
export function parentOf(thread: Thread): Thread | null {
  return thread.leader?.parent?.leader ?? null
}

/** The value of the variable `name`, trimmed; '' when it is not set. */
export function environmentValue(thread: Thread, name: string): string {
  for (const variable of thread.env) {
    if (variable.length > name.length && variable[name.length] === '=' && variable.startsWith(name)) {
      return variable.slice(name.length + 1).replace(/^ +| +$/g, '')
    }
  }
  return ''
}

/** The argument in brackets: an index (which Falco accepts and ignores here) or the name of a variable. */
function variableName(arg: string): string {
  return /^\d+$/.test(arg) ? '' : arg
}

/** The process that the event's thread belongs to. */
export const PROCESS_FIELDS: Fields = {
  'proc.exe': text('First argument of the command line (argv[0]), as it was given.', thread => thread.exe),
  'proc.exepath': text('Full path of the executable.', thread => thread.exepath),
  'proc.name': text(
    "Name of the process: the executable file's, cut to 15 characters by the kernel.",
    thread => thread.comm,
  ),
  'proc.args': {
    type: 'string',
    arg: 'optional',
    argKind: 'index',
    scope: 'thread',
    doc: 'Arguments after argv[0] with spaces between; `proc.args[N]` is one of them, empty when there are fewer.',
    extract: (event, index?: number) =>
      onThread(event, thread => (index === undefined ? thread.argv.text : (thread.args[index] ?? ''))),
  },
  'proc.cmdline': text('Name of the process and its arguments with spaces between.', thread => thread.cmdline),
  'proc.args_truncated': flag(
    'The program was started with more than 4096 bytes of arguments; what is beyond was not recorded.',
    thread => thread.argsTruncated,
  ),
  'proc.cmdnargs': {
    type: 'uint64',
    print: 'dec',
    scope: 'thread',
    doc: 'Number of arguments after argv[0].',
    extract: event => event.thread?.args.length,
  },
  'proc.cmdlenargs': {
    type: 'uint64',
    print: 'dec',
    scope: 'thread',
    doc: 'Length in bytes of all arguments after argv[0], the spaces between not counted.',
    extract: event => onThread(event, argumentBytes),
  },
  'proc.exeline': text('argv[0] and the arguments with spaces between.', thread => `${thread.exe} ${thread.argv.text}`),
  'proc.env': {
    type: 'string',
    arg: 'optional',
    argKind: 'key',
    scope: 'thread',
    doc: "Environment, NAME=VALUE with spaces between; `proc.env[NAME]` is one variable's value, empty when it is not set.",
    parseArg: variableName,
    extract: (event, name?: string) =>
      onThread(event, thread => (name ? environmentValue(thread, name) : thread.envText)),
  },
  'proc.env_truncated': flag(
    'The program was started with 4096 bytes of environment or more; what is beyond was not recorded.',
    thread => (thread.leader?.ownEnv.size ?? 0) >= MAX_LIST_BYTES,
  ),
  'proc.cwd': text('Working directory, with a slash at its end.', thread => thread.cwd),
  'proc.tty': {
    type: 'uint32',
    print: 'id',
    scope: 'thread',
    doc: 'Device number of the controlling terminal, 0 when there is none.',
    extract: event => event.thread?.tty,
  },
  'proc.pid': {
    type: 'int64',
    print: 'id',
    scope: 'thread',
    doc: 'Process id.',
    extract: event => onThread(event, thread => processId(thread.pid)),
  },
  'proc.vpid': {
    type: 'int64',
    print: 'id',
    scope: 'thread',
    doc: 'Process id as seen from inside the pid namespace of the process.',
    extract: event => onThread(event, thread => (thread.vpid === -1 ? undefined : thread.vpid)),
  },
  'proc.duration': {
    type: 'reltime',
    print: 'dec',
    doc: 'Nanoseconds since the process (or thread) was cloned; absent for those older than the recording.',
    extract: event =>
      onThread(event, thread => (thread.cloneTs === 0n ? undefined : integer(event.time - thread.cloneTs))),
  },
  'proc.pid.ts': known(
    'reltime',
    'Time at which the process was cloned, ns since 1970; absent if before the recording.',
    thread => thread.cloneTs,
  ),
  'proc.is_exe_writable': flag('The user of the process may write to its executable.', thread => thread.exeWritable),
  'proc.is_exe_upper_layer': flag(
    'The executable lies in the upper layer of an overlay: it is not from the image.',
    thread => thread.exeUpperLayer,
  ),
  'proc.is_exe_lower_layer': flag(
    'The executable lies in the lower layer of an overlay: it is from the image.',
    thread => thread.exeLowerLayer,
  ),
  'proc.is_exe_from_memfd': flag(
    'The executable is a memory file (memfd_create), not one on a disk.',
    thread => thread.exeFromMemfd,
  ),
  'proc.exe_ino': known('int64', 'Inode number of the executable.', thread => BigInt.asIntN(64, thread.exeIno)),
  'proc.exe_ino.ctime': known(
    'abstime',
    "Last change of the executable's inode, ns since 1970.",
    thread => thread.exeCtime,
  ),
  'proc.exe_ino.mtime': known(
    'abstime',
    "Last change of the executable's content, ns since 1970.",
    thread => thread.exeMtime,
  ),
  'proc.exe_ino.ctime_duration_proc_start': known(
    'abstime',
    "Nanoseconds from the last change of the executable's inode to the start of the process.",
    thread => thread.exeCtimeToStart,
  ),
  'proc.exe_ino.ctime_duration_pidns_start': known(
    'abstime',
    "Nanoseconds from the start of the pid namespace to the last change of the executable's inode.",
    thread => thread.exeCtimeFromPidns,
  ),
  'proc.pidns_init_start_ts': known('uint64', 'Start of the pid namespace, ns.', thread => thread.pidnsInitStartTs),
  'thread.cap_permitted': text('Names of the permitted capabilities with spaces between.', thread =>
    capabilitiesText(thread.capPermitted),
  ),
  'thread.cap_inheritable': text('Names of the inheritable capabilities with spaces between.', thread =>
    capabilitiesText(thread.capInheritable),
  ),
  'thread.cap_effective': text('Names of the effective capabilities with spaces between.', thread =>
    capabilitiesText(thread.capEffective),
  ),
}

function argumentBytes(thread: Thread): number {
  let bytes = 0
  for (const arg of thread.args) bytes += utf8Length(arg)
  return bytes
}
