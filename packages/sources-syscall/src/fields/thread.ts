import type { Fd } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { fdTypeName } from './formats/fd.ts'
import { processId } from './process.ts'
import type { Field, Fields } from './table.ts'

const KILOBYTE = 1024

/** A counter of the thread. Scope is event, because changes to counters do not invalidate memos. */
function counter(doc: string, of: (thread: Thread) => number): Field {
  return {
    type: 'uint64',
    print: 'dec',
    doc,
    extract: event => (event.thread === null ? undefined : of(event.thread)),
  }
}

/** One of the standard streams. */
function stream(doc: string, num: number, of: (fd: Fd) => string): Field {
  return {
    type: 'string',
    doc,
    extract: event => {
      const fd = event.thread?.fds.get(num)
      return fd ? of(fd) : undefined
    },
  }
}

/** Memory is accounted to the main thread; other threads have 0. */
const ofMain = (thread: Thread, value: number) => (thread.isMain ? value : 0)

const nameOf = (fd: Fd) => fd.name

/** Threads, counters, limits, control groups and the standard streams. */
export const THREAD_FIELDS: Fields = {
  'thread.tid': {
    type: 'int64',
    print: 'id',
    doc: 'Thread id.',
    extract: event => processId(event.tid),
  },
  'thread.vtid': {
    type: 'int64',
    print: 'id',
    scope: 'thread',
    doc: 'Thread id as seen from inside the pid namespace of the process.',
    extract: event => (event.thread === null || event.thread.vtid === -1 ? undefined : event.thread.vtid),
  },
  'thread.ismain': {
    type: 'bool',
    scope: 'thread',
    doc: 'The thread is the main thread of its process.',
    extract: event => event.thread?.isMain,
  },
  'thread.nametid': {
    type: 'string',
    hidden: true,
    doc: 'Name of the process and the thread id after it.',
    extract: event => (event.thread === null ? undefined : event.thread.comm + event.tid),
  },
  'thread.cgroups': {
    type: 'string',
    scope: 'thread',
    doc: 'Control groups, subsystem=path with spaces between.',
    extract: event => event.thread?.cgroups.map(([subsystem, path]) => `${subsystem}=${path}`).join(' ') || undefined,
  },
  'thread.cgroup': {
    type: 'string',
    arg: 'required',
    argKind: 'key',
    scope: 'thread',
    doc: 'Path in the control group hierarchy of one subsystem: `thread.cgroup.cpu`.',
    extract: (event, name: string) => event.thread?.cgroups.find(([subsystem]) => subsystem === name)?.[1],
  },
  'proc.nthreads': counter('Number of live threads of the process.', thread => thread.group?.alive ?? 0),
  'proc.nchilds': counter('Number of live threads of the process besides its main thread.', otherThreads),
  'proc.fdopencount': counter('Number of open descriptors of the process.', thread => thread.leader?.fds.size ?? 0),
  'proc.fdlimit': {
    type: 'int64',
    print: 'dec',
    doc: 'Most descriptors that the process may open.',
    extract: event => (event.thread === null ? undefined : (event.thread.leader?.fdlimit ?? -1)),
  },
  'proc.fdusage': {
    type: 'double',
    doc: 'Open descriptors in percent of the limit.',
    extract: event => (event.thread === null ? undefined : fdUsage(event.thread)),
  },
  'proc.vmsize': counter('Virtual memory, kB.', thread => thread.vmSize),
  'proc.vmrss': counter('Resident memory, kB.', thread => thread.vmRss),
  'proc.vmswap': counter('Swapped memory, kB.', thread => thread.vmSwap),
  'thread.vmsize': counter('Virtual memory of the process, kB; 0 for other than main threads.', thread =>
    ofMain(thread, thread.vmSize),
  ),
  'thread.vmrss': counter('Resident memory of the process, kB; 0 for other than main threads.', thread =>
    ofMain(thread, thread.vmRss),
  ),
  'thread.vmsize.b': {
    ...counter('Virtual memory of the process, bytes; 0 for other than main threads.', thread =>
      ofMain(thread, thread.vmSize * KILOBYTE),
    ),
    hidden: true,
  },
  'thread.vmrss.b': {
    ...counter('Resident memory of the process, bytes; 0 for other than main threads.', thread =>
      ofMain(thread, thread.vmRss * KILOBYTE),
    ),
    hidden: true,
  },
  'thread.pfmajor': counter('Major page faults since the thread started.', thread => thread.pfMajor),
  'thread.pfminor': counter('Minor page faults since the thread started.', thread => thread.pfMinor),
  'proc.stdin.type': stream('Kind of the descriptor that is standard input.', 0, fdTypeName),
  'proc.stdout.type': stream('Kind of the descriptor that is standard output.', 1, fdTypeName),
  'proc.stderr.type': stream('Kind of the descriptor that is standard error.', 2, fdTypeName),
  'proc.stdin.name': stream('Name of the descriptor that is standard input.', 0, nameOf),
  'proc.stdout.name': stream('Name of the descriptor that is standard output.', 1, nameOf),
  'proc.stderr.name': stream('Name of the descriptor that is standard error.', 2, nameOf),
}

function otherThreads(thread: Thread): number {
  const { group } = thread
  if (group === null) return 0
  const leader = group.main
  return leader?.isMain && !leader.dead ? group.alive - 1 : group.alive
}

function fdUsage(thread: Thread): number {
  const { leader } = thread
  if (leader === null || leader.fdlimit <= 0) return 0
  return (leader.fds.size * 100) / leader.fdlimit
}
