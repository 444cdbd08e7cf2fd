import { Pod, type PodInfo } from '../model/pod.ts'

const MAX_PODS = 4096

/** The pods of the recorded machine. */
export class PodTable {
  readonly #pods = new Map<string, Pod>()
  /** Kept from one eviction to the next: a new iterator would pass over everything that was deleted before. */
  #byAge = this.#pods.keys()
  /** Live: called when a control group first refers to a pod. */
  onNew: ((pod: Pod) => void) | null = null

  get(uid: string): Pod {
    let pod = this.#pods.get(uid)
    if (pod === undefined) {
      if (this.#pods.size >= MAX_PODS) this.#pods.delete(this.#byAge.next().value!)
      pod = new Pod(uid)
      this.#pods.set(uid, pod)
      this.onNew?.(pod)
    }
    return pod
  }

  has(uid: string): boolean {
    return this.#pods.has(uid)
  }

  /** Stores the description of a pod from an event. False = its JSON cannot be used. */
  describe(json: string): boolean {
    let info: unknown
    try {
      info = JSON.parse(json)
    } catch {
      return false
    }
    if (typeof info !== 'object' || info === null || !('key' in info) || typeof info.key !== 'string') return false
    const pod = this.get(info.key)
    pod.info = info as PodInfo
    pod.absence = ''
    return true
  }

  clear(): void {
    this.#pods.clear()
    // The iterator would keep all that was ever cleared.
    this.#byAge = this.#pods.keys()
  }

  [Symbol.iterator](): IterableIterator<Pod> {
    return this.#pods.values()
  }
}
