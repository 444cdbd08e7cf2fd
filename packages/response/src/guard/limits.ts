/** Rate limits of actions: counts of what was done in a period. */
import type { Target } from '../model/action.ts'
import type { Limit, Playbook } from '../playbook/load.ts'
import type { Held } from './held.ts'

/** What counts as one act of everything, until somebody looks. */
export const FUSE: Limit = { count: 50, per: 600_000 }

/** Times of acts by what they count for. Counts of several responders are each responder's own. */
export class Limits {
  readonly #times = new Map<string, number[]>()
  readonly #fuse: Limit
  readonly #now: () => number
  /** When the fuse tripped. It stays tripped until a person has looked. */
  tripped: number | undefined

  constructor(fuse: Limit = FUSE, now: () => number = Date.now) {
    this.#fuse = fuse
    this.#now = now
  }

  /** Counts an action against the limits, or returns the reason why it is not allowed. `release` uncounts it: the step did not act. */
  take(playbook: Playbook, target: Target): Held | { readonly release: () => void } {
    const held = this.#holds(playbook, target)
    if (held) return held
    const time = this.#now()
    this.count(playbook.name, target, time)
    return {
      release: () => {
        for (const key of keysOf(playbook.name, target)) {
          const times = this.#times.get(key)!
          const at = times.lastIndexOf(time)
          if (at >= 0) times.splice(at, 1)
        }
      },
    }
  }

  #holds({ name, limits }: Playbook, target: Target): Held | undefined {
    if (this.tripped !== undefined)
      return {
        guard: 'fuse',
        reason: `the fuse tripped at ${new Date(this.tripped).toISOString()}: restart falc respond once you have looked`,
      }
    if (this.#over('', this.#fuse)) {
      this.tripped = this.#now()
      return { guard: 'fuse', reason: `the fuse trips: ${this.#fuse.count} acts in ${this.#fuse.per / 1000} s` }
    }
    if (this.#over(`p ${name}`, limits.total))
      return { guard: 'total', reason: `the playbook had its ${limits.total.count} in this period` }
    const { per_namespace } = limits
    const { namespace } = target
    if (per_namespace && namespace !== undefined && this.#over(`n ${name} ${namespace}`, per_namespace))
      return { guard: 'per_namespace', reason: `${namespace} had its ${per_namespace.count} in this period` }
    return undefined
  }

  /** A step has acted: now, or in an earlier run. */
  count(playbook: string, target: Target | undefined, time: number = this.#now()): void {
    for (const key of keysOf(playbook, target)) {
      const times = this.#times.get(key) ?? []
      times.push(time)
      if (times.length > MAX_TIMES) times.shift()
      this.#times.set(key, times)
    }
  }

  #over(key: string, { count, per }: Limit): boolean {
    const since = this.#now() - per
    const times = this.#times.get(key) ?? []
    // They are in order: the oldest of the last `count` decides.
    return times.length >= count && times[times.length - count]! > since
  }
}

/** More than any limit has. */
const MAX_TIMES = 10_000

const keysOf = (playbook: string, target: Target | undefined): string[] => [
  ...['', `p ${playbook}`],
  ...(target?.namespace === undefined ? [] : [`n ${playbook} ${target.namespace}`]),
]
