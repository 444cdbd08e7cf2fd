import type { SyscallEvent } from '../event.ts'
import type { Thread } from '../model/thread.ts'
import { NO_ID } from '../model/thread.ts'
import { UNKNOWN_NAME, type User } from '../model/users.ts'
import type { Field, Fields } from './table.ts'

function ofUser(doc: string, id: (thread: Thread) => number, of: (user: User) => string): Field {
  return {
    type: 'string',
    scope: 'thread',
    doc: `${doc}; \`<NA>\` when it is not known.`,
    extract: event => {
      if (event.thread === null) return undefined
      const user = lookup(event, event.thread, id(event.thread))
      return user === undefined ? UNKNOWN_NAME : of(user)
    },
  }
}

function lookup(event: SyscallEvent, thread: Thread, uid: number): User | undefined {
  return event.tables?.users.user(thread.containerId, uid)
}

const uid = (thread: Thread) => thread.uid
const loginuid = (thread: Thread) => thread.loginuid

/** The user that the thread runs as, and the login user. */
export const USER_FIELDS: Fields = {
  'user.uid': {
    type: 'uint32',
    print: 'id',
    scope: 'thread',
    doc: 'User id of the thread.',
    extract: event => event.thread?.uid,
  },
  'user.name': ofUser('Name of the user', uid, user => user.name),
  'user.homedir': ofUser('Home directory of the user', uid, user => user.home),
  'user.shell': ofUser('Login shell of the user', uid, user => user.shell),
  'user.loginuid': {
    type: 'int64',
    print: 'id',
    scope: 'thread',
    doc: 'User id of the login that the process descends from (kept over su and sudo); -1 when there was none.',
    extract: event => {
      if (event.thread === null) return undefined
      return event.thread.loginuid === NO_ID ? -1 : event.thread.loginuid
    },
  },
  'user.loginname': ofUser('Name of the user of that login', loginuid, user => user.name),
}
