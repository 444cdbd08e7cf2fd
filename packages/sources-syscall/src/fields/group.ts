import { UNKNOWN_NAME } from '../model/users.ts'
import type { Fields } from './table.ts'

/** The group that the thread runs as. */
export const GROUP_FIELDS: Fields = {
  'group.gid': {
    type: 'uint32',
    print: 'id',
    scope: 'thread',
    doc: 'Group id of the thread.',
    extract: event => event.thread?.gid,
  },
  'group.name': {
    type: 'string',
    scope: 'thread',
    doc: 'Name of the group; `<NA>` when it is not known.',
    extract: event => {
      const { thread } = event
      if (thread === null) return undefined
      return event.tables?.users.group(thread.containerId, thread.gid)?.name ?? UNKNOWN_NAME
    },
  },
}
