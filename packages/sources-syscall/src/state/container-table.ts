import { Cgroups } from '../model/cgroups.ts'
import { Container } from '../model/container.ts'
import { podOf } from '../model/pod.ts'
import { splitStrings } from '../model/string-list.ts'
import { type ContainerEngine, cgroupOwner, matchCgroup } from './cgroup-matchers.ts'
import { PodTable } from './pod-table.ts'

/** container_type of container events, by number. */
const TYPES: readonly string[] = [
  'docker',
  'lxc',
  'libvirt-lxc',
  'mesos',
  'rkt',
  '',
  'cri',
  'containerd',
  'cri-o',
  'bpm',
  '',
  'podman',
]

/** Runtimes without metadata to wait for: the cgroup alone determines the type. */
const WITHOUT_METADATA = new Set(['lxc', 'libvirt-lxc', 'bpm'])

const MAX_CONTAINERS = 16384
const MAX_CGROUPS = 4096

/** The containers of the recorded machine, and the cgroup lists that refer to them. */
export class ContainerTable {
  readonly host = new Container('', '', 'host', '')
  readonly pods = new PodTable()
  /** Keyed by id, and by owner if `byOwner` is set. */
  readonly #containers = new Map<string, Container>()
  /** Kept from one eviction to the next: a new iterator would pass over everything that was deleted before. */
  #byAge = this.#containers.keys()
  /** Keyed by the text of the list. */
  #cgroups = new Map<string, Cgroups>()
  /** Number of containers evicted, oldest first, because there were too many. */
  evicted = 0
  /** Number of events about containers and pods whose JSON could not be parsed. */
  unreadable = 0
  /**
   * Live: a container named by a user is distinct from the system's container of the same id, so that no user can
   * impersonate a container that is not theirs. Captures do not record whose container an event describes, so there the two
   * are the same.
   */
  byOwner = false
  /** Engines whose containers are recognized; null = all. */
  engines: ReadonlySet<ContainerEngine> | null = null
  /** Live: called when a control group first refers to a container whose runtime has metadata. */
  onNew: ((container: Container) => void) | null = null

  get size(): number {
    return this.#containers.size
  }

  get(id: string, owner: number | null = null): Container | undefined {
    return id === '' ? this.host : this.#containers.get(this.#key(id, owner))
  }

  /** Returns the cgroup list encoded in bytes[start, end). */
  resolve(bytes: Uint8Array, start: number, end: number): Cgroups {
    const own = bytes.slice(start, end)
    const texts = splitStrings(own)
    const key = texts.join('\0')
    let cgroups = this.#cgroups.get(key)
    if (cgroups === undefined) {
      // There are few distinct lists. If a recording has more, the cache is reset; threads keep the lists they have.
      if (this.#cgroups.size >= MAX_CGROUPS) this.#cgroups = new Map()
      const pairs = readPairs(texts)
      cgroups = new Cgroups(own, pairs, this.#containerOf(pairs))
      this.#cgroups.set(key, cgroups)
    }
    return cgroups
  }

  /** Stores the metadata from a container event. */
  describe(json: string): Container | null {
    let parsed: unknown
    try {
      parsed = JSON.parse(json)
    } catch {
      this.unreadable++
      return null
    }
    // The plugin wraps the object in "container", and so do older captures.
    const inner = isObject(parsed) && isObject(parsed.container) ? parsed.container : parsed
    if (!isObject(inner) || typeof inner.id !== 'string') {
      this.unreadable++
      return null
    }
    const container = this.#make(inner.id, '', inner.id, typeof inner.owner_uid === 'number' ? inner.owner_uid : null)
    container.info = inner
    if (typeof inner.full_id === 'string') container.fullId = inner.full_id
    if (typeof inner.type === 'number') container.type = TYPES[inner.type] ?? ''
    return container
  }

  /** The known containers, without the host. */
  [Symbol.iterator](): IterableIterator<Container> {
    return this.#containers.values()
  }

  clear(): void {
    this.#containers.clear()
    // The iterator would keep all that was ever cleared.
    this.#byAge = this.#containers.keys()
    this.#cgroups.clear()
    this.pods.clear()
  }

  #containerOf(pairs: readonly (readonly [string, string])[]): Container {
    for (const [, path] of pairs) {
      const match = matchCgroup(path, this.engines)
      if (match === null) continue
      const owner = cgroupOwner(path)
      // A user may name their own control group after someone else's pod.
      const pod = owner === null ? podOf(path) : undefined
      return this.#make(match.id, match.runtime, match.fullId, owner, pod)
    }
    return this.host
  }

  #key(id: string, owner: number | null): string {
    return owner === null || !this.byOwner ? id : `${id} ${owner}`
  }

  /** Stores the description of a pod from an event. */
  describePod(json: string): boolean {
    const known = this.pods.describe(json)
    if (!known) this.unreadable++
    return known
  }

  #make(id: string, runtime: string, fullId: string, owner: number | null, pod?: string): Container {
    if (id === '') return this.host
    const key = this.#key(id, owner)
    let container = this.#containers.get(key)
    if (container === undefined) {
      if (this.#containers.size >= MAX_CONTAINERS) {
        this.#containers.delete(this.#byAge.next().value!)
        this.evicted++
      }
      const bare = WITHOUT_METADATA.has(runtime)
      container = new Container(id, fullId, bare ? runtime : '', runtime, owner)
      if (pod !== undefined) container.pod = this.pods.get(pod)
      this.#containers.set(key, container)
      if (this.onNew !== null && runtime !== '' && !bare) this.onNew(container)
    }
    // A recording describes a container before its first event.
    else if (pod !== undefined) container.pod ??= this.pods.get(pod)
    return container
  }
}

function readPairs(texts: readonly string[]): (readonly [string, string])[] {
  return texts.flatMap(text => {
    const at = text.indexOf('=')
    if (at < 0) return []
    const subsystem = text.slice(0, at)
    // "io" is the kernel's name, "blkio" the directory in cgroup v1; Falco uses the latter.
    return [[subsystem === 'io' ? 'blkio' : subsystem, text.slice(at + 1)] as const]
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
