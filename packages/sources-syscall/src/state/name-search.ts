import type { Container } from '../model/container.ts'
import type { Thread } from '../model/thread.ts'
import type { Group, User, UserTable } from '../model/users.ts'

export interface Names {
  readonly users: readonly User[]
  readonly groups: readonly Group[]
}

/** Looks up user and group names on the local machine. undefined = not available. */
export interface MachineNames {
  user(uid: number): User | undefined
  group(gid: number): Group | undefined
  /**
   * All names in the passwd and group files visible to a process. null: it shares its mounts or root with the host, as a process does while
   * its container is still being set up. undefined: it has exited.
   */
  ofProcess?(pid: number): Names | null | undefined
}

/** Milliseconds before a look-up is repeated, and before one that finds nothing to read time after time. */
const PAUSE = 100
const MAX_PAUSE = 10_000
/** Maximum number of ids or containers remembered as looked up. */
const MAX_ASKED = 16384
/** Maximum number of containers whose names are kept. */
const MAX_CONTAINERS = 1024
/** Number of ancestors in the container to try when a process exited before it could be examined. */
const MAX_ANCESTORS = 4
/** Maximum number of new containers examined at once; for how long (milliseconds); through how many of their processes. */
const MAX_NEW = 32
const NEW_FOR = 3000
const NEW_PROCESSES = 3
/** Delay between two attempts for a container: at least this many milliseconds, or this share of its age. */
const NEW_PAUSE = 5
const NEW_SHARE = 1 / 8

interface Asked {
  /** Time of the last answered look-up (performance.now()). */
  at: number
  /** Milliseconds until the next. */
  pause: number
}

/** A container whose names are looked up before a process in it needs them, because that process may be short-lived. */
interface New {
  readonly since: number
  readonly pids: number[]
  next: number
}

/** Looks up the names of users and groups that processes run as, when the tables lack them. */
export class NameSearch {
  /** Called with the names found, for recordings. Containers by id, '' = the host. */
  onFound: ((containerId: string, names: Names) => void) | null = null
  readonly #tables: UserTable
  readonly #machine: MachineNames | null
  /** Look-ups by id of the host or container. */
  readonly #asked = new Map<string, Asked>()
  readonly #containers = new Set<string>()
  readonly #fresh = new Map<string, New>()
  /** Containers for which the search was given up. */
  readonly #nameless = new Set<string>()

  constructor(tables: UserTable, machine: MachineNames | null) {
    this.#tables = tables
    this.#machine = machine
  }

  /** Looks up a user that a process now runs as. Returns true if names were found. */
  user(container: Container, uid: number, thread: Thread | null): boolean {
    if (this.#machine === null || this.#tables.hasUser(container.id, uid)) return false
    if (!container.isHost) return this.#inContainer(container, thread)
    if (this.#due(`u${uid}`) === null) return false
    const user = this.#machine.user(uid)
    return user !== undefined && this.#found('', { users: [user], groups: [] })
  }

  group(container: Container, gid: number, thread: Thread | null): boolean {
    if (this.#machine === null || this.#tables.hasGroup(container.id, gid)) return false
    if (!container.isHost) return this.#inContainer(container, thread)
    if (this.#due(`g${gid}`) === null) return false
    const group = this.#machine.group(gid)
    return group !== undefined && this.#found('', { users: [], groups: [group] })
  }

  /** Called when a process enters a container. */
  meet(container: Container, pid: number): void {
    if (this.#machine?.ofProcess === undefined || container.isHost) return
    if (this.#containers.has(container.id) || this.#nameless.has(container.id)) return
    let entry = this.#fresh.get(container.id)
    if (entry === undefined) {
      if (this.#fresh.size >= MAX_NEW) return
      const now = performance.now()
      entry = { since: now, pids: [], next: now + NEW_PAUSE }
      this.#fresh.set(container.id, entry)
    }
    if (entry.pids.includes(pid)) return
    entry.pids.push(pid)
    if (entry.pids.length > NEW_PROCESSES) entry.pids.shift()
  }

  /** True while there are new containers to examine. */
  get isLooking(): boolean {
    return this.#fresh.size > 0
  }

  /** Examines new containers; call it periodically. Returns true if names were found. */
  look(): boolean {
    if (this.#fresh.size === 0) return false
    const now = performance.now()
    let found = false
    for (const [id, entry] of this.#fresh) {
      const { since, pids, next } = entry
      if (now < next) continue
      entry.next = now + Math.max(NEW_PAUSE, (now - since) * NEW_SHARE)
      const names = this.#containers.has(id) ? undefined : this.#ofAny(pids)
      if (names !== undefined) found = this.#found(id, names)
      if (!this.#containers.has(id)) {
        if (now - since < NEW_FOR) continue
        if (this.#nameless.size >= MAX_ASKED) this.#nameless.clear()
        this.#nameless.add(id)
      }
      this.#fresh.delete(id)
    }
    return found
  }

  clear(): void {
    this.#asked.clear()
    this.#containers.clear()
    this.#fresh.clear()
    this.#nameless.clear()
  }

  #ofAny(pids: readonly number[]): Names | undefined {
    for (const pid of pids) {
      const names = this.#machine?.ofProcess?.(pid)
      if (names) return names
    }
    return undefined
  }

  #inContainer(container: Container, thread: Thread | null): boolean {
    const asked = this.#due(container.id)
    if (asked === null) return false
    for (let at = thread, n = 0; at !== null && at.container === container && n < MAX_ANCESTORS; at = at.parent, n++) {
      const names = this.#machine?.ofProcess?.(at.pid)
      if (names) return this.#found(container.id, names)
      // Its ancestors are not set up either; after the pause, the container is retried through a process that runs in it then.
      if (names === null) {
        asked.pause = Math.min(asked.pause * 2, MAX_PAUSE)
        return false
      }
    }
    // An exited process must not delay the next attempt.
    asked.at = Number.NEGATIVE_INFINITY
    return false
  }

  #found(containerId: string, names: Names): boolean {
    if (containerId !== '') this.#remember(containerId)
    for (const user of names.users) this.#tables.setUser(containerId, user)
    for (const group of names.groups) this.#tables.setGroup(containerId, group)
    this.onFound?.(containerId, names)
    return true
  }

  #remember(containerId: string): void {
    if (!this.#containers.has(containerId) && this.#containers.size >= MAX_CONTAINERS) {
      const [oldest] = this.#containers
      this.#containers.delete(oldest!)
      this.#tables.forget(oldest!)
    }
    this.#containers.add(containerId)
  }

  /** Returns null while a look-up is not due. */
  #due(what: string): Asked | null {
    const now = performance.now()
    let asked = this.#asked.get(what)
    if (asked !== undefined && now - asked.at < asked.pause) return null
    if (asked === undefined) {
      if (this.#asked.size >= MAX_ASKED) this.#asked.clear()
      asked = { at: now, pause: PAUSE }
      this.#asked.set(what, asked)
    }
    asked.at = now
    return asked
  }
}
