import type { Announced } from './description.ts'
import type { Announcement, Engine, EngineKind } from './engine.ts'
import type { Engines } from './engines.ts'
import { type LookupOptions, Lookups, type Wanted } from './lookups.ts'
import { Watches } from './watches.ts'

const MAX_ENTRIES = 1024
const MAX_CHARACTERS = 16 << 20

/**
 * Containers that engines have announced but no event has referenced. The engine is queried for the remaining metadata before
 * their first event; if the container is gone by then, only the announced metadata is available.
 */
export class Announcements {
  readonly watches: Watches
  /** Look-ups of announced containers that no event has referenced yet. */
  readonly ahead: Lookups<Wanted & { readonly engine: Engine }>
  /** Announcements dropped because there were too many. */
  dropped = 0
  readonly #heard: (container: Announced) => boolean
  readonly #entries = new Map<string, { readonly announcement: Announcement; readonly size: number }>()
  #characters = 0

  /** @param heard called once for each container. False = no event has referenced it: the engine is queried ahead of time */
  constructor(engines: Engines, heard: (container: Announced) => boolean, options: LookupOptions = {}) {
    this.#heard = heard
    this.ahead = new Lookups(engines, ({ fullId, engine }, found) => this.#asked(fullId, engine, found), options)
    this.watches = new Watches(engines.system, (engine, container) => this.#take(engine, container))
  }

  get(fullId: string): Announcement | undefined {
    return this.#entries.get(fullId)?.announcement
  }

  /** Drops the announcement of a container that is no longer needed. */
  forget(fullId: string): void {
    this.#characters -= this.#entries.get(fullId)?.size ?? 0
    this.#entries.delete(fullId)
  }

  close(): void {
    this.watches.close()
    this.ahead.close()
  }

  #take(engine: Engine, container: Announced): void {
    const { full_id: fullId } = container
    if (this.#entries.has(fullId)) return
    this.#put(fullId, { engine, container, complete: false })
    if (!this.#heard(container)) this.ahead.start({ fullId, runtime: engine.kind, owner: null, engine })
  }

  #asked(fullId: string, engine: Engine, found: Announced | null): void {
    if (found === null || !this.#entries.has(fullId)) return
    this.#put(fullId, { engine, container: found, complete: isComplete(engine.kind, found) })
  }

  #put(fullId: string, announcement: Announcement): void {
    this.forget(fullId)
    const size = JSON.stringify(announcement.container).length
    this.#entries.set(fullId, { announcement, size })
    this.#characters += size
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= MAX_ENTRIES && this.#characters <= MAX_CHARACTERS) break
      this.forget(oldest)
      this.dropped++
    }
  }
}

/** Docker assigns a container's address when it starts, the container runtime interface before that. */
function isComplete(kind: EngineKind, { ip, host_network }: Announced): boolean {
  return kind === 'cri' || host_network === true || (ip !== undefined && ip !== '')
}
