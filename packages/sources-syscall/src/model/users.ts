export interface User {
  readonly uid: number
  readonly gid: number
  readonly name: string
  readonly home: string
  readonly shell: string
}

export interface Group {
  readonly gid: number
  readonly name: string
}

/** Value for users and groups that the recording does not name; compared like any other value. */
export const UNKNOWN_NAME = '<NA>'

const ROOT: User = { uid: 0, gid: 0, name: 'root', home: '/root', shell: UNKNOWN_NAME }
const ROOT_GROUP: Group = { gid: 0, name: 'root' }

/** Users and groups by container id ('' = the host) and id. */
export class UserTable {
  readonly #users = new Map<string, Map<number, User>>()
  readonly #groups = new Map<string, Map<number, Group>>()
  /** Number of entries dropped because a container had too many. */
  dropped = 0

  /** undefined = not known; then user 0 is "root" with home "/root" and an unknown shell. */
  user(containerId: string, uid: number): User | undefined {
    return this.#users.get(containerId)?.get(uid) ?? (uid === 0 ? ROOT : undefined)
  }

  /** undefined = not known; group 0 is then "root". */
  group(containerId: string, gid: number): Group | undefined {
    return this.#groups.get(containerId)?.get(gid) ?? (gid === 0 ? ROOT_GROUP : undefined)
  }

  /** All known users of a container, or of the host (''). */
  usersOf(containerId: string): User[] {
    return [...(this.#users.get(containerId)?.values() ?? [])]
  }

  groupsOf(containerId: string): Group[] {
    return [...(this.#groups.get(containerId)?.values() ?? [])]
  }

  /** Ids of the containers with known users or groups. */
  containers(): string[] {
    return [...new Set([...this.#users.keys(), ...this.#groups.keys()])].filter(id => id !== '')
  }

  forget(containerId: string): void {
    this.#users.delete(containerId)
    this.#groups.delete(containerId)
  }

  hasUser(containerId: string, uid: number): boolean {
    return this.#users.get(containerId)?.has(uid) === true
  }

  hasGroup(containerId: string, gid: number): boolean {
    return this.#groups.get(containerId)?.has(gid) === true
  }

  setUser(containerId: string, user: User): void {
    this.#put(this.#users, containerId, user.uid, user)
  }

  setGroup(containerId: string, group: Group): void {
    this.#put(this.#groups, containerId, group.gid, group)
  }

  deleteUser(containerId: string, uid: number): void {
    this.#users.get(containerId)?.delete(uid)
  }

  deleteGroup(containerId: string, gid: number): void {
    this.#groups.get(containerId)?.delete(gid)
  }

  clear(): void {
    this.#users.clear()
    this.#groups.clear()
  }

  #put<T>(tables: Map<string, Map<number, T>>, containerId: string, id: number, entry: T): void {
    let table = tables.get(containerId)
    if (table === undefined) {
      if (tables.size >= MAX_CONTAINERS) {
        this.dropped++
        return
      }
      table = new Map()
      tables.set(containerId, table)
    }
    if (table.size >= MAX_IDS && !table.has(id)) this.dropped++
    else table.set(id, entry)
  }
}

const MAX_CONTAINERS = 16384
const MAX_IDS = 65536
