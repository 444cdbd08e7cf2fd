/** Worker threads for audit events: `workers` in falco.yaml. */
import type { AuditEvent, AuditInput } from '@falc/sources-k8saudit'
import { type Evaluated, InOrder, Pool, type PoolOptions } from '@falc/sources-k8saudit/workers'
import { count } from '../count.ts'
import type { Series } from '../meter/counts.ts'
import { workerSeries } from '../meter/workers.ts'
import { printable } from '../printable.ts'
import type { FieldStats } from './feed.ts'

export interface AuditWorkersOptions
  extends Pick<PoolOptions, 'workers' | 'ruleset' | 'hostname' | 'identity' | 'backend'> {
  /** Bytes of a piece that is given to a worker, at least. For tests. */
  readonly minBytes?: number
}

type Fields = Iterable<{ readonly name: string }>

/** Fields whose values depend on the events before. */
const ORDERED = /^evt\.(num$|reltime|deltatime)/

export class AuditWorkers {
  readonly #source: string
  readonly #pool: Pool
  readonly #minBytes: number | undefined
  readonly #warn: (text: string) => void
  #order: InOrder | undefined
  /** A field that rules read, and that workers cannot know. */
  #ordered: string | undefined

  private constructor(source: string, pool: Pool, minBytes: number | undefined, warn: (text: string) => void) {
    this.#source = source
    this.#pool = pool
    this.#minBytes = minBytes
    this.#warn = warn
  }

  /** undefined: they cannot be begun, which is a warning, and one thread does all. */
  static async open(
    source: string,
    { minBytes, ...options }: AuditWorkersOptions & Pick<PoolOptions, 'maxEventSize' | 'sieved'>,
    fields: Fields,
    warn: (text: string) => void,
  ): Promise<AuditWorkers | undefined> {
    const failed = new Set<string>()
    const onFailure: PoolOptions['onFailure'] = ({ field, error }) => {
      if (failed.has(field)) return
      failed.add(field)
      warn(`${source}: ${field} could not be read; further failures are only counted: ${error}`)
    }
    const onTrouble = (text: string) => warn(`${source}: ${printable(text)}`)
    try {
      const pool = await Pool.open({ ...options, onFailure, onTrouble })
      const workers = new AuditWorkers(source, pool, minBytes, warn)
      workers.#look(fields)
      return workers
    } catch (error) {
      warn(`${source}: one thread evaluates all events: workers cannot be used: ${printable((error as Error).message)}`)
      return undefined
    }
  }

  /** Counts of the threads' engines since the rules were loaded. */
  get stats(): FieldStats {
    return this.#pool.stats
  }

  /** In the order of the input. @param stop ends the input */
  results(input: AuditInput, stop: () => void): AsyncIterable<AuditEvent[] | Evaluated> {
    const usable = () => this.#ordered === undefined
    const minBytes = this.#minBytes
    this.#order = new InOrder(input.pieces(), this.#pool, { ...(minBytes !== undefined && { minBytes }), usable, stop })
    return this.#order.results()
  }

  load(ruleset: Uint8Array, fields: Fields): void {
    this.#pool.load(ruleset)
    this.#look(fields)
  }

  series(): Series[] {
    return this.#order ? workerSeries(this.#source, this.#pool.counts, this.#order) : []
  }

  /** For people. */
  get summary(): string {
    const shares = this.#pool.counts.map(({ events }) => count(events, 'event')).join(', ')
    const others = Object.entries(this.#order?.unshared ?? {}).map(([why, n]) => `; ${count(n, 'piece')} not: ${why}`)
    return `${this.#source}: workers evaluated ${shares}${others.join('')}`
  }

  async close(): Promise<void> {
    await this.#pool.close()
  }

  #look(fields: Fields): void {
    this.#ordered = [...fields].find(({ name }) => ORDERED.test(name))?.name
    if (this.#ordered === undefined) return
    this.#warn(
      `${this.#source}: one thread evaluates all events: a rule reads ${this.#ordered}, which depends on those before`,
    )
  }
}
