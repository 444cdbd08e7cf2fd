/** Answers what needs the store or the rules. It runs on a thread of its own: a question may read a million alerts. */
import { type AlertData, alerts, type Source } from '@falc/engine'
import { type Asked, Store, StoreReader } from '@falc/store'
import { type Answer, type Asking, type Call, PATIENCE_S, type Who, type Desk as Work } from './routes/route.ts'
import { SilencePlanner } from './routes/silenced.ts'
import { ROUTES } from './routes.ts'
import { Rulebook, type RulebookOptions } from './rulebook.ts'

export interface DeskOptions extends RulebookOptions {
  /** The store. */
  readonly path: string
}

export class Desk implements Work {
  readonly source: Source<AlertData>
  readonly conditions: Source<AlertData>
  readonly rulebook: Rulebook
  readonly #silences: SilencePlanner
  readonly #reader: Opened<StoreReader>
  readonly #store: Opened<Store>

  constructor(options: DeskOptions, sources: readonly Source[]) {
    this.source = alerts({ sources })
    this.conditions = alerts({ sources, filterOnly: true })
    this.rulebook = new Rulebook(options, sources)
    this.#reader = new Opened(() => StoreReader.open(options.path))
    this.#store = new Opened(() => Store.open(options.path))
    this.#silences = new SilencePlanner(this.source)
  }

  /** @param route its place in the table @param signal the answer is no longer awaited @returns JSON @throws {Refused} */
  answer(route: number, asking: Asking, signal?: AbortSignal): Promise<string> {
    const { source, conditions, rulebook } = this
    const { method, answer } = ROUTES[route]!
    // A change is of all that was selected, whether or not somebody waits for the answer.
    const gone = method === 'GET' ? signal : undefined
    const work: Work = {
      ...{ source, conditions, rulebook, reader: who => this.reader(who), store: () => this.store() },
      ...{ patiently: (asked, seconds) => patiently(asked, seconds, gone), silences: store => this.silences(store) },
    }
    return answer({ ...work, ...asking } as Call & never)
  }

  async reader({ namespaces }: Who): Promise<StoreReader> {
    return (await this.#reader.open()).within(namespaces)
  }

  store(): Promise<Store> {
    return this.#store.open()
  }

  patiently<T>(asked: Asked<T>): Promise<Answer<T>> {
    return patiently(asked)
  }

  silences(store: StoreReader) {
    return this.#silences.of(store.silences())
  }

  async close(): Promise<void> {
    await Promise.all([this.#reader.close(), this.#store.close()])
  }
}

async function patiently<T>(asked: Asked<T>, seconds = PATIENCE_S, signal?: AbortSignal): Promise<Answer<T>> {
  const end = performance.now() + 1000 * seconds
  while (asked.step() && performance.now() < end && !signal?.aborted)
    await new Promise(resolve => setImmediate(resolve))
  return asked
}

/** A store that is opened once, and again when another file has taken its place. */
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
