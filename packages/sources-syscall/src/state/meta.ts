import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import { decodeText } from '../events/text.ts'
import { POD_EVENT } from '../model/pod.ts'
import type { Effects, ThreadlessEffect } from './effects.ts'
import type { Tables } from './tables.ts'

const USER = positions(['uid', 'gid', 'name', 'home', 'shell', 'container_id'], 'USER_ADDED_E', 'USER_DELETED_E')
const GROUP = positions(['gid', 'name', 'container_id'], 'GROUP_ADDED_E', 'GROUP_DELETED_E')
const CONTAINER = positions(['json'], 'CONTAINER_JSON_2_E')
const ASYNC = positions(['name', 'data'], 'ASYNCEVENT_E')

/** useradded, userdeleted: of the host or of a container. */
function user(tables: Tables, event: SyscallEvent): void {
  const uid = event.uint32(USER.uid)
  const container = event.text(USER.container_id)
  if (event.type === PPME.USER_ADDED_E) {
    const entry = {
      uid,
      gid: event.uint32(USER.gid),
      name: event.text(USER.name),
      home: event.text(USER.home),
      shell: event.text(USER.shell),
    }
    tables.users.setUser(container, entry)
  } else tables.users.deleteUser(container, uid)
  tables.threads.forgetAll()
}

/** groupadded, groupdeleted. */
function group(tables: Tables, event: SyscallEvent): void {
  const gid = event.uint32(GROUP.gid)
  const container = event.text(GROUP.container_id)
  if (event.type === PPME.GROUP_ADDED_E) tables.users.setGroup(container, { gid, name: event.text(GROUP.name) })
  else tables.users.deleteGroup(container, gid)
  tables.threads.forgetAll()
}

/** A container's metadata, as recorded in older captures. */
function container(tables: Tables, event: SyscallEvent): void {
  describe(tables, event.text(CONTAINER.json))
}

/** An event from a plugin; Falco's container plugin uses these to report containers, falc also to tell of pods. */
function async(tables: Tables, event: SyscallEvent): void {
  const name = event.text(ASYNC.name)
  if (name !== 'container' && name !== POD_EVENT) return
  const bytes = event.blob(ASYNC.data)
  const end = bytes.length > 0 && bytes[bytes.length - 1] === 0 ? bytes.length - 1 : bytes.length
  const json = decodeText(bytes, 0, end)
  if (name === 'container') describe(tables, json)
  else if (tables.containers.describePod(json)) tables.threads.forgetAll()
}

function describe(tables: Tables, json: string): void {
  const described = tables.containers.describe(json)
  if (described === null) return
  described.memo = null
  tables.threads.forgetAll()
}

export const META_EFFECTS: Effects<ThreadlessEffect> = {
  USER_ADDED_E: user,
  USER_DELETED_E: user,
  GROUP_ADDED_E: group,
  GROUP_DELETED_E: group,
  CONTAINER_JSON_2_E: container,
  ASYNCEVENT_E: async,
}
