import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, statSync } from 'node:fs'
import type { Group, User } from '../model/users.ts'
import type { MachineNames, Names } from '../state/name-search.ts'

/** Longer files are not read: whoever makes them may be in a container. */
const MAX_BYTES = 1 << 20

/**
 * Users and groups by the files of this machine and, as in Falco, of its containers: through /proc/PID/root, which takes root's
 * rights. `root`: where the host's files are seen (Falco's HOST_ROOT).
 */
export function machineNames(root = process.env.HOST_ROOT ?? ''): MachineNames {
  const own = linkOf('/proc/self/ns/mnt')
  return {
    user: uid => users(root, 0).find(user => user.uid === uid),
    group: gid => groups(root, 0).find(group => group.gid === gid),
    ofProcess(pid: number): Names | null | undefined {
      const namespace = linkOf(`${root}/proc/${pid}/ns/mnt`)
      if (namespace === undefined) return undefined
      if (namespace === own) return null
      const files = `${root}/proc/${pid}/root`
      if (sameFile(`${files}/`, `${root}/`)) return null
      const names = { users: users(files, constants.O_NOFOLLOW), groups: groups(files, constants.O_NOFOLLOW) }
      return names.users.length + names.groups.length > 0 ? names : null
    },
  }
}

function users(root: string, flags: number): User[] {
  return entries(`${root}/etc/passwd`, flags).flatMap(([name, , uid, gid, , home = '', shell = '']) =>
    isName(name) && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home, shell }] : [],
  )
}

function groups(root: string, flags: number): Group[] {
  return entries(`${root}/etc/group`, flags).flatMap(([name, , gid]) =>
    isName(name) && isId(gid) ? [{ name, gid: Number(gid) }] : [],
  )
}

function isName(text: string | undefined): text is string {
  return text !== undefined && text !== '' && !/^[+-]/.test(text)
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff
}

function entries(path: string, flags: number): string[][] {
  return read(path, flags)
    .split('\n')
    .filter(line => !line.startsWith('#'))
    .map(line => line.split(':'))
}

/** '' = there is no such file, it may not be read, or it is none to be read: a pipe, too long, or a link, which would lead out of a container. */
function read(path: string, flags: number): string {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | flags)
  } catch {
    return ''
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > MAX_BYTES) return ''
    const bytes = Buffer.alloc(stat.size)
    return bytes.toString('utf8', 0, readSync(fd, bytes))
  } catch {
    return ''
  } finally {
    closeSync(fd)
  }
}

/** True also when one of them cannot be looked at. */
function sameFile(one: string, other: string): boolean {
  try {
    const [a, b] = [statSync(one), statSync(other)]
    return a.dev === b.dev && a.ino === b.ino
  } catch {
    return true
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
