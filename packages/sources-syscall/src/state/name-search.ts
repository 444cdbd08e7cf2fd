import type { Container } from '../model/container.ts'
import type { Thread } from '../model/thread.ts'
import type { Group, User, UserTable } from '../model/users.ts'

export interface Names {
  readonly users: readonly User[]
  readonly groups: readonly Group[]
}

/** The machine that this runs on, asked for names of users and groups. undefined = it cannot tell. */
export interface MachineNames {
  user(uid: number): User | undefined
  group(gid: number): Group | undefined
  /**
   * All names that the files of a process tell; null when it shares mounts or the root with the machine itself, as a process
   * does that is to become a container's and is not yet; undefined when it has ended.
   */
  ofProcess?(pid: number): Names | null | undefined
}

/** Milliseconds before the same is asked again. */
const PAUSE = 100
/** So many ids or containers are remembered as asked. */
const MAX_ASKED = 16384
/** Containers whose names are kept. */
const MAX_CONTAINERS = 1024
/** Ancestors in a container that are asked when a process has ended before it could be. */
const MAX_ANCESTORS = 4
/** New containers that are looked at; for how long (milliseconds); by how many of their processes. */
const MAX_NEW = 32
const NEW_FOR = 3000
const NEW_PROCESSES = 3
/** Between two looks at a container: at least this many milliseconds, or this share of its age. */
const NEW_PAUSE = 5
const NEW_SHARE = 1 / 8

/** A container whose names are looked for before a process in it needs them: that one may be gone too soon. */
interface New {
  readonly since: number
  readonly pids: number[]
  next: number
}

/** Looks for the names of the users and groups that processes run as, when the tables lack them. */
export class NameSearch {
  /** Told what was found, for recordings. Containers by id, '' = the host. */
  onFound: ((containerId: string, names: Names) => void) | null = null
  readonly #tables: UserTable
  readonly #machine: MachineNames | null
  /** When it was asked for an id of the host, or about a container, and answered (performance.now()). */
  readonly #asked = new Map<string, number>()
  readonly #containers = new Set<string>()
  readonly #fresh = new Map<string, New>()
  /** Containers whose names were looked for long enough. */
  readonly #nameless = new Set<string>()

  constructor(tables: UserTable, machine: MachineNames | null) {
    this.#tables = tables
    this.#machine = machine
  }

  /** A user that a process now runs as. True = names were found. */
  user(container: Container, uid: number, thread: Thread | null): boolean {
    if (this.#machine === null || this.#tables.hasUser(container.id, uid)) return false
    if (!container.isHost) return this.#inContainer(container, thread)
    if (!this.#due(`u${uid}`)) return false
    const user = this.#machine.user(uid)
    return user !== undefined && this.#found('', { users: [user], groups: [] })
  }

  group(container: Container, gid: number, thread: Thread | null): boolean {
    if (this.#machine === null || this.#tables.hasGroup(container.id, gid)) return false
    if (!container.isHost) return this.#inContainer(container, thread)
    if (!this.#due(`g${gid}`)) return false
    const group = this.#machine.group(gid)
    return group !== undefined && this.#found('', { users: [], groups: [group] })
  }

  /** A process that has come to be in a container. */
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

  /** New containers are still to be looked at. */
  get isLooking(): boolean {
    return this.#fresh.size > 0
  }

  /** Looks at new containers; to be called again and again. True = names were found. */
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
    if (!this.#due(container.id)) return false
    for (let at = thread, n = 0; at !== null && at.container === container && n < MAX_ANCESTORS; at = at.parent, n++) {
      const names = this.#machine?.ofProcess?.(at.pid)
      if (names) return this.#found(container.id, names)
      // Its ancestors are no further; the container is asked again after the pause, by whatever runs in it then.
      if (names === null) return false
    }
    // A process that has ended is not to keep the next one from being asked.
    this.#asked.delete(container.id)
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

  #due(what: string): boolean {
    const now = performance.now()
    const last = this.#asked.get(what)
    if (last !== undefined && now - last < PAUSE) return false
    if (this.#asked.size >= MAX_ASKED) this.#asked.clear()
    this.#asked.set(what, now)
    return true
  }
}
