import type { SyscallEvent } from '../event.ts'
import { MAX_ANCESTORS, type Thread } from '../model/thread.ts'
import { integer } from './formats/integer.ts'
import { environmentValue, parentOf, processId } from './process.ts'
import { type Field, type Fields, LEFT_ONLY } from './table.ts'

/** Number of ancestor levels searched for a variable. */
const ENVIRONMENT_LEVELS = 20

/** A property of the parent process; absent when the parent is not known. */
function parent(type: Field['type'], doc: string, of: (parent: Thread) => string | number | bigint | undefined): Field {
  return {
    type,
    scope: 'thread',
    ...(type === 'string' ? {} : { print: 'id' }),
    doc,
    extract: event => {
      const thread = event.thread === null ? null : parentOf(event.thread)
      return thread === null ? undefined : of(thread)
    },
  } as Field
}

/** A property of the N-th ancestor (0 = the process itself), or of any ancestor if there is no index. */
function ancestor(doc: string, of: (thread: Thread) => string): Field {
  return {
    type: 'string',
    arg: 'optional',
    argKind: 'index',
    anyOf: true,
    ...LEFT_ONLY,
    scope: 'thread',
    doc: `${doc} \`[N]\` is the N-th ancestor's; without it any ancestor's may match, and all are printed.`,
    extract: (event, index?: number) => {
      if (event.thread === null) return undefined
      if (index === undefined) return present(ancestorsOf(event.thread).map(of))
      const thread = nthAncestor(event.thread, index)
      return thread === null ? undefined : of(thread)
    },
  }
}

function present<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values
}

function nthAncestor(thread: Thread, n: number): Thread | null {
  let next = thread.leader
  if (n > MAX_ANCESTORS) return null
  for (let i = 0; i < n && next !== null; i++) next = parentOf(next)
  return next
}

/** Parent, grandparent… following the raw parent ids; a cycle (from a broken recording) ends the walk. */
function ancestorsOf(thread: Thread): Thread[] {
  const found: Thread[] = []
  const leader = thread.leader
  if (leader === null) return found
  let slow: Thread | null = leader
  for (let next = leader.parent; next !== null && next.tid !== -1; next = next.parent) {
    if (found.length >= MAX_ANCESTORS) {
      thread.table.ancestorsCut++
      break
    }
    found.push(next)
    if (found.length % 2 === 0) slow = slow?.parent ?? null
    if (next === slow) break
  }
  return found
}

/** Returns the leader of the session or process group `id` of `thread`; null when it is not known. */
function leaderOf(thread: Thread, id: number, idOf: (thread: Thread) => number, global: boolean): Thread | null {
  if (global || !thread.inPidNamespace) {
    const leader = thread.table.get(id)
    if (leader !== null) return leader
  }
  let highest: Thread | null = null
  for (const next of ancestorsOf(thread)) {
    if (idOf(next) !== id) break
    highest = next
  }
  return highest
}

/** name, exe and exepath of a leader; '' when it is not known. */
function leading(
  what: string,
  idOf: (thread: Thread) => number,
  global: boolean,
  of: (thread: Thread) => string,
): Field {
  return {
    type: 'string',
    scope: 'thread',
    doc: `${what}; empty when it is not known.`,
    extract: event => {
      if (event.thread === null) return undefined
      const leader = leaderOf(event.thread, idOf(event.thread), idOf, global)
      return leader === null ? '' : of(leader)
    },
  }
}

function id(doc: string, idOf: (thread: Thread) => number): Field {
  return {
    type: 'int64',
    print: 'id',
    scope: 'thread',
    doc,
    extract: event => (event.thread === null ? undefined : idOf(event.thread)),
  }
}

function leads(doc: string, is: (thread: Thread) => boolean): Field {
  return {
    type: 'bool',
    scope: 'thread',
    doc,
    extract: event => (event.thread === null ? undefined : is(event.thread)),
  }
}

const sid = (thread: Thread) => thread.sid
const vpgid = (thread: Thread) => thread.vpgid
const pgid = (thread: Thread) => thread.pgid
const comm = (thread: Thread) => thread.comm
const exe = (thread: Thread) => thread.exe
const exepath = (thread: Thread) => thread.exepath
const cmdline = (thread: Thread) => thread.cmdline

/** Parents, ancestors, and the leaders of the session and the process groups. */
export const ANCESTOR_FIELDS: Fields = {
  'proc.pexe': parent('string', 'argv[0] of the parent process.', exe),
  'proc.pexepath': parent('string', "Full path of the parent process's executable.", exepath),
  'proc.pname': parent('string', 'Name of the parent process.', comm),
  'proc.pcmdline': parent('string', 'Name and arguments of the parent process.', cmdline),
  'proc.ppid': parent('int64', 'Process id of the parent.', thread => processId(thread.pid)),
  'proc.ppid.ts': {
    type: 'reltime',
    print: 'dec',
    scope: 'thread',
    doc: 'Time at which the parent (the thread that made the process) was cloned, ns since 1970; 0 if before the recording.',
    extract: event => {
      const thread = event.thread?.parent
      return thread ? integer(thread.cloneTs) : undefined
    },
  },
  'proc.ppid.duration': {
    type: 'reltime',
    print: 'dec',
    doc: 'Nanoseconds since the parent was cloned. For a parent older than the recording it is, as in Falco, the number of descriptors that the process has open.',
    extract: event => {
      if (event.thread === null) return undefined
      const thread = parentOf(event.thread)
      if (thread === null) return undefined
      return thread.cloneTs === 0n ? event.thread.fds.size : integer(event.time - thread.cloneTs)
    },
  },
  'proc.pvpid': {
    type: 'int64',
    print: 'id',
    scope: 'thread',
    doc: 'Id of the parent as seen from inside its pid namespace.',
    extract: event => event.thread?.parent?.vpid,
  },
  'proc.aname': ancestor('Name of an ancestor.', comm),
  'proc.aexe': ancestor('argv[0] of an ancestor.', exe),
  'proc.aexepath': ancestor("Full path of an ancestor's executable.", exepath),
  'proc.acmdline': ancestor('Name and arguments of an ancestor.', cmdline),
  'proc.aargs': {
    type: 'string',
    arg: 'optional',
    argKind: 'index',
    scope: 'thread',
    doc: 'Arguments of all ancestors with spaces between; `[N]` those of the N-th.',
    extract: (event, index?: number) => {
      if (event.thread === null) return undefined
      if (index !== undefined) return nthAncestor(event.thread, index)?.argv.text
      return (
        ancestorsOf(event.thread)
          .map(thread => thread.argv.text)
          .filter(text => text !== '')
          .join(' ') || undefined
      )
    },
  },
  'proc.apid': {
    type: 'int64',
    print: 'id',
    arg: 'optional',
    argKind: 'index',
    anyOf: true,
    ...LEFT_ONLY,
    scope: 'thread',
    doc: "Process id of an ancestor. `[N]` is the N-th ancestor's; without it any ancestor's may match, and the process's own is printed.",
    extract: (event, index?: number) => {
      if (event.thread === null) return undefined
      if (index === undefined) return present(ancestorsOf(event.thread).map(thread => thread.pid))
      const thread = nthAncestor(event.thread, index)
      return thread === null ? undefined : processId(thread.pid)
    },
    printed: (event, index = 0) => {
      const thread = event.thread === null ? null : nthAncestor(event.thread, index)
      return thread === null ? undefined : processId(thread.pid)
    },
  },
  'proc.aenv': {
    type: 'string',
    arg: 'optional',
    argKind: 'key',
    anyOf: true,
    ...LEFT_ONLY,
    scope: 'thread',
    doc: "Environment of the ancestors: `[NAME]` the value in the nearest ancestor that has one, `[N]` all of the N-th ancestor's; without it any ancestor's may match, and the process's own is printed.",
    parseArg: arg => (/^\d+$/.test(arg) ? { level: Number(arg), name: '' } : { level: 0, name: arg }),
    extract: (event, arg?: { level: number; name: string }) => ancestorEnvironment(event, arg),
    printed: (event, arg?: { level: number; name: string }) =>
      arg === undefined ? event.thread?.envText : ancestorEnvironment(event, arg),
  },
  'proc.loginshellid': {
    type: 'int64',
    print: 'id',
    scope: 'thread',
    doc: 'Process id of the oldest shell among the process and its ancestors.',
    extract: event => loginShell(event)?.pid,
  },
  'proc.sid': id('Session id.', sid),
  'proc.sname': leading('Name of the session leader', sid, false, comm),
  'proc.sid.exe': leading('argv[0] of the session leader', sid, false, exe),
  'proc.sid.exepath': leading("Full path of the session leader's executable", sid, false, exepath),
  'proc.vpgid': id('Process group id as seen from inside the pid namespace.', vpgid),
  'proc.vpgid.name': leading('Name of the leader of the process group (by its virtual id)', vpgid, false, comm),
  'proc.vpgid.exe': leading('argv[0] of the leader of the process group (by its virtual id)', vpgid, false, exe),
  'proc.vpgid.exepath': leading(
    'Full path of the executable of the leader of the process group (by its virtual id)',
    vpgid,
    false,
    exepath,
  ),
  'proc.pgid': id('Process group id.', pgid),
  'proc.pgid.name': leading('Name of the leader of the process group', pgid, true, comm),
  'proc.pgid.exe': leading('argv[0] of the leader of the process group', pgid, true, exe),
  'proc.pgid.exepath': leading('Full path of the executable of the leader of the process group', pgid, true, exepath),
  'proc.is_sid_leader': leads('The process leads its session.', thread => thread.sid === thread.vpid),
  'proc.is_vpgid_leader': leads(
    'The process leads its process group (by virtual ids).',
    thread => thread.vpgid === thread.vpid,
  ),
  'proc.is_pgid_leader': leads('The process leads its process group.', thread => thread.pgid === thread.pid),
}

function loginShell(event: SyscallEvent): Thread | undefined {
  const leader = event.thread?.leader
  if (!leader) return undefined
  return [leader, ...ancestorsOf(leader)].findLast(thread => thread.comm.endsWith('sh'))
}

function ancestorEnvironment(
  event: SyscallEvent,
  arg: { level: number; name: string } | undefined,
): string | readonly string[] | undefined {
  const thread = event.thread
  if (thread === null) return undefined
  if (arg === undefined) return present(ancestorsOf(thread).map(next => next.envText))
  if (arg.name === '') return nthAncestor(thread, arg.level)?.envText
  let next = thread.leader
  for (let level = 0; level < ENVIRONMENT_LEVELS && next !== null; level++) {
    next = parentOf(next)
    const value = next === null ? '' : environmentValue(next, arg.name)
    if (value !== '') return value
  }
  return ''
}
