/** Answers the requests that need the store or the rules. It runs on its own thread, since a query may read a million alerts. */
import { type AlertData, alerts, type Source } from '@falc/engine'
import { type RunningQuery, Store, StoreReader } from '@falc/store'
import { type Answer, type Call, type RouteContext, type RouteRequest, TIME_LIMIT_S, type Who } from './routes/route.ts'
import { SilencePlanner } from './routes/silenced.ts'
import { ROUTES } from './routes.ts'
import { Rulebook, type RulebookOptions } from './rulebook.ts'

export interface BackendOptions extends RulebookOptions {
  /** The store. */
  readonly path: string
}

export class Backend implements RouteContext {
  readonly source: Source<AlertData>
  readonly conditions: Source<AlertData>
  readonly rulebook: Rulebook
  readonly #silences: SilencePlanner
  readonly #reader: Opened<StoreReader>
  readonly #store: Opened<Store>

  constructor(options: BackendOptions, sources: readonly Source[]) {
    this.source = alerts({ sources })
    this.conditions = alerts({ sources, filterOnly: true })
    this.rulebook = new Rulebook(options, sources)
    this.#reader = new Opened(() => StoreReader.open(options.path))
    this.#store = new Opened(() => Store.open(options.path))
    this.#silences = new SilencePlanner(this.source)
  }

  /** @param route an index of ROUTES @param signal aborted when the client has disconnected @returns JSON @throws {Refused} */
  answer(route: number, request: RouteRequest, signal?: AbortSignal): Promise<string> {
    const { source, conditions, rulebook } = this
    const { method, answer } = ROUTES[route]!
    // A change applies to all selected alerts, whether or not the client still waits.
    const gone = method === 'GET' ? signal : undefined
    const work: RouteContext = {
      ...{ source, conditions, rulebook, reader: who => this.reader(who), store: () => this.store() },
      ...{ runFor: (query, seconds) => runFor(query, seconds, gone), silences: store => this.silences(store) },
    }
    return answer({ ...work, ...request } as Call & never)
  }

  async reader({ namespaces }: Who): Promise<StoreReader> {
    return (await this.#reader.open()).within(namespaces)
  }

  store(): Promise<Store> {
    return this.#store.open()
  }

  runFor<T>(query: RunningQuery<T>): Promise<Answer<T>> {
    return runFor(query)
  }

  silences(store: StoreReader) {
    return this.#silences.of(store.silences())
  }

  async close(): Promise<void> {
    await Promise.all([this.#reader.close(), this.#store.close()])
  }
}

async function runFor<T>(query: RunningQuery<T>, seconds = TIME_LIMIT_S, signal?: AbortSignal): Promise<Answer<T>> {
  const end = performance.now() + 1000 * seconds
  while (query.step() && performance.now() < end && !signal?.aborted)
    await new Promise(resolve => setImmediate(resolve))
  return query
}

/** A store that is opened once, and again when another file has replaced it. */
class Opened<T extends StoreReader> {
  readonly #open: () => Promise<T>
  #store: Promise<T> | undefined

  constructor(open: () => Promise<T>) {
    this.#open = open
  }

  async open(): Promise<T> {
    const known = this.#store
    const store = await known?.catch(() => undefined)
    if (store?.isInPlace) return store
    // Only the first that notices opens it.
    if (this.#store === known) {
      store?.close()
      this.#store = this.#open()
    }
    return this.#store!
  }

  async close(): Promise<void> {
    ;(await this.#store?.catch(() => undefined))?.close()
  }
}
