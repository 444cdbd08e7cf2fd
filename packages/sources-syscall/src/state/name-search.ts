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
  readonly container: Container
  readonly since: number
  readonly pids: number[]
  next: number
}

/** Tells a container that a user has named from the system's of the same id: see ContainerTable.byOwner. */
function keyOf({ id, owner }: Container): string {
  return owner === null ? id : `${id} ${owner}`
}

/** Looks up the names of users and groups that processes run as, when the tables lack them. */
export class NameSearch {
  /** Called with the names found, for recordings. Containers by id, '' = the host. */
  onFound: ((containerId: string, names: Names) => void) | null = null
  readonly #tables: UserTable
  readonly #machine: MachineNames | null
  /** Look-ups by id of the host, or key of a container. */
  readonly #asked = new Map<string, Asked>()
  /** By id: the key of the container whose names the tables have. */
  readonly #containers = new Map<string, string>()
  /** By key. */
  readonly #fresh = new Map<string, New>()
  /** Keys of containers for which the search was given up. */
  readonly #nameless = new Set<string>()
  /** Ids of the system's containers. */
  readonly #systems = new Set<string>()

  constructor(tables: UserTable, machine: MachineNames | null) {
    this.#tables = tables
    this.#machine = machine
  }

  /** Looks up a user that a process now runs as. Returns true if names were found. */
  user(container: Container, uid: number, thread: Thread | null): boolean {
    if (this.#machine === null || (this.#tables.hasUser(container.id, uid) && this.#hasOwn(container))) return false
    if (!container.isHost) return this.#inContainer(container, thread)
    if (this.#due(`u${uid}`) === null) return false
    const user = this.#machine.user(uid)
    return user !== undefined && this.#found(container, { users: [user], groups: [] })
  }

  group(container: Container, gid: number, thread: Thread | null): boolean {
    if (this.#machine === null || (this.#tables.hasGroup(container.id, gid) && this.#hasOwn(container))) return false
    if (!container.isHost) return this.#inContainer(container, thread)
    if (this.#due(`g${gid}`) === null) return false
    const group = this.#machine.group(gid)
    return group !== undefined && this.#found(container, { users: [], groups: [group] })
  }

  /**
   * Called when a container has a process. One of the system's may have no names of its own: those that a user shows for what they have
   * named after it are not taken for its names.
   */
  claim({ id, owner, isHost }: Container): void {
    if (this.#machine === null || isHost || owner !== null) return
    if (this.#systems.size >= MAX_ASKED && !this.#systems.has(id)) {
      const [oldest] = this.#systems
      this.#systems.delete(oldest!)
    }
    this.#systems.add(id)
    const known = this.#containers.get(id)
    if (known === undefined || known === id) return
    this.#containers.delete(id)
    this.#tables.forget(id)
  }

  /** Called when a process enters a container. */
  meet(container: Container, pid: number): void {
    this.claim(container)
    if (this.#machine?.ofProcess === undefined || container.isHost) return
    const key = keyOf(container)
    if (!this.#isSought(container) || this.#nameless.has(key)) return
    let entry = this.#fresh.get(key)
    if (entry === undefined) {
      if (this.#fresh.size >= MAX_NEW) return
      const now = performance.now()
      entry = { container, since: now, pids: [], next: now + NEW_PAUSE }
      this.#fresh.set(key, entry)
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
    for (const [key, entry] of this.#fresh) {
      const { container, since, pids, next } = entry
      if (now < next) continue
      entry.next = now + Math.max(NEW_PAUSE, (now - since) * NEW_SHARE)
      const names = this.#isSought(container) ? this.#ofAny(pids) : undefined
      if (names !== undefined) found = this.#found(container, names)
      if (this.#isSought(container)) {
        if (now - since < NEW_FOR) continue
        if (this.#nameless.size >= MAX_ASKED) this.#nameless.clear()
        this.#nameless.add(key)
      }
      this.#fresh.delete(key)
    }
    return found
  }

  clear(): void {
    this.#asked.clear()
    this.#containers.clear()
    this.#fresh.clear()
    this.#nameless.clear()
    this.#systems.clear()
  }

  /** Whether the names that the tables have under the container's id, if any, are not those of another one. */
  #hasOwn(container: Container): boolean {
    const known = this.#containers.get(container.id)
    return known === undefined || known === keyOf(container)
  }

  /** Whether the container still needs names. One that a user has named after a container of the system's never does. */
  #isSought({ id, owner }: Container): boolean {
    return !this.#containers.has(id) && (owner === null || !this.#systems.has(id))
  }

  #ofAny(pids: readonly number[]): Names | undefined {
    for (const pid of pids) {
      const names = this.#machine?.ofProcess?.(pid)
      if (names) return names
    }
    return undefined
  }

  #inContainer(container: Container, thread: Thread | null): boolean {
    // A user can show any names to what they have named after someone else's container.
    if (container.owner !== null && (!this.#hasOwn(container) || this.#systems.has(container.id))) return false
    const asked = this.#due(keyOf(container))
    if (asked === null) return false
    for (let at = thread, n = 0; at !== null && at.container === container && n < MAX_ANCESTORS; at = at.parent, n++) {
      const names = this.#machine?.ofProcess?.(at.pid)
      if (names) return this.#found(container, names)
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

  #found(container: Container, names: Names): boolean {
    const { id } = container
    if (!container.isHost) this.#remember(container)
    for (const user of names.users) this.#tables.setUser(id, user)
    for (const group of names.groups) this.#tables.setGroup(id, group)
    this.onFound?.(id, names)
    return true
  }

  #remember(container: Container): void {
    const { id } = container
    if (!this.#hasOwn(container)) this.#tables.forget(id)
    else if (!this.#containers.has(id) && this.#containers.size >= MAX_CONTAINERS) {
      const [oldest] = this.#containers.keys()
      this.#containers.delete(oldest!)
      this.#tables.forget(oldest!)
    }
    this.#containers.set(id, keyOf(container))
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
