import { setTimeout as sleep } from 'node:timers/promises'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { Series } from '../meter/counts.ts'
import { resolved } from './listed.ts'
import { nameOf, printReference, type Reference } from './reference.ts'
import { RegistryError } from './registry.ts'
import type { Trial } from './trial.ts'
import { RefusedError, type Updated, type UpdateOptions, update } from './update.ts'

/** Milliseconds after a first failure; each further one doubles them, up to the usual time between two looks. */
const FIRST_RETRY = 5000

const OUTCOMES = ['unchanged', 'installed', 'refused', 'failed'] as const
type Outcome = (typeof OUTCOMES)[number]

interface Followed {
  /** As in the log and in metrics. */
  readonly text: string
  /** undefined: its index could not be read yet. */
  where: Reference | undefined
}

/** Keeps artifacts up to date until it is stopped. */
export class Follower {
  readonly #followed: readonly Followed[]
  readonly #options: UpdateOptions
  readonly #log: Log
  readonly #shown: (updated: Updated) => void
  readonly #counts = new Map<string, Record<Outcome, number>>()
  readonly #lastLook = new Map<string, number>()

  /**
   * @param artifacts references, and names whose index cannot be read at present
   * @param shown is called with each update
   * @throws {CliError} when two of them have the same name
   */
  constructor(
    artifacts: readonly (Reference | string)[],
    options: UpdateOptions,
    log: Log,
    shown: (updated: Updated) => void,
  ) {
    this.#followed = artifacts.map(one => ({
      text: typeof one === 'string' ? one : printReference(one),
      where: undefined,
    }))
    for (const [i, one] of artifacts.entries()) if (typeof one !== 'string') this.#locate(this.#followed[i]!, one)
    this.#options = options
    this.#log = log
    this.#shown = shown
    for (const { text } of this.#followed) {
      this.#counts.set(text, { unchanged: 0, installed: 0, refused: 0, failed: 0 })
      this.#lastLook.set(text, 0)
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#followed.map(followed => this.#follow(followed, signal)))
  }

  async #follow(followed: Followed, signal: AbortSignal): Promise<void> {
    const { every } = this.#options.config.updates
    for (let failures = 0; !signal.aborted; ) {
      failures = (await this.#look(followed, signal)) === 'failed' ? failures + 1 : 0
      const wait = failures === 0 ? every : Math.min(every, FIRST_RETRY * 2 ** Math.min(failures - 1, 20))
      // A fleet that was started at once does not ask at once.
      const jitter = wait * (0.9 + 0.2 * Math.random())
      await sleep(jitter, undefined, { signal }).catch(() => {})
    }
  }

  async #look(followed: Followed, signal: AbortSignal): Promise<Outcome> {
    const { text } = followed
    const outcome = await this.#update(followed, signal)
    this.#counts.get(text)![outcome]++
    if (outcome !== 'failed') this.#lastLook.set(text, Math.floor(Date.now() / 1000))
    return outcome
  }

  async #update(followed: Followed, signal: AbortSignal): Promise<Outcome> {
    const { text } = followed
    try {
      const { config, generations } = this.#options
      const where = followed.where ?? this.#locate(followed, await resolved(text, config))
      // Artifacts wait for each other: a stop does not wait for all of them.
      const updated = await generations.locked(() => (signal.aborted ? undefined : this.#tried(where, text)))
      if (updated === 'refused') return 'refused'
      if (!updated) return 'unchanged'
      this.#shown(updated)
      return 'installed'
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      this.#log.warning(
        `${text}: ${error.message}${error instanceof RegistryError && error.again ? '; trying again' : ''}`,
      )
      return 'failed'
    }
  }

  /** @throws {CliError} when another artifact has its name */
  #locate(followed: Followed, where: Reference): Reference {
    const name = nameOf(where)
    if (this.#followed.some(one => one !== followed && one.where && nameOf(one.where) === name))
      throw new CliError(`two of the artifacts are named ${name}, and each would replace the other`)
    followed.where = where
    return where
  }

  /** Under the lock, like all that changes the folder: another process may be rolling back. */
  async #tried(reference: Reference, text: string): Promise<Updated | 'refused' | undefined> {
    const { generations } = this.#options
    try {
      return await update(reference, this.#options)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      const { refused } = error
      // The same reason is reported once, also across restarts.
      if (!generations.refused.some(({ digest, reason }) => digest === refused.digest && reason === refused.reason)) {
        this.#log.error(`${text} is not installed: ${error.message}`)
        generations.refuse(refused)
      }
      return 'refused'
    }
  }

  series(): Series[] {
    const kinds = [...this.#counts].flatMap(([artifact, counts]) =>
      OUTCOMES.map((outcome): Series => {
        const labels = { artifact, outcome }
        const help = 'Looks at the registry, by outcome.'
        return { name: 'falc_rules_looks_total', kind: 'counter', help, value: counts[outcome], labels }
      }),
    )
    const times = [...this.#lastLook].map(([artifact, value]): Series => {
      const help = 'When the registry was reached last, in seconds since 1970; 0: not yet.'
      return { name: 'falc_rules_last_look_seconds', kind: 'gauge', help, value, labels: { artifact } }
    })
    return [...kinds, ...times]
  }
}

/** One line for the log and for people. */
export function sentence({ installed, before, trial }: Updated): string {
  const { name, version, digest, signedBy } = installed
  const was = before === undefined ? '' : `, was ${before.version ?? before.digest.slice(0, 19)}`
  const signed = signedBy === undefined ? 'not signed' : `signed by ${signedBy}`
  return `${name} ${version ?? digest.slice(0, 19)}${was}: ${signed}, ${count(trial.tests, 'test')} passed, ${count(trial.changes.length, 'rule')} changed, ${count(trial.findings, 'finding')} of the linter${stored(trial)}`
}

function stored({ stored }: Trial): string {
  if (stored === undefined) return ''
  const rules = stored.changes.map(({ rule, goes, open }) => `${rule} ${goes}${open === 0 ? '' : ` to ${goes + open}`}`)
  const less = rules.length === 0 ? 'all would be raised again' : `not raised again: ${rules.join(', ')}`
  return `; of ${count(stored.alerts, 'stored alert')} ${less}`
}
