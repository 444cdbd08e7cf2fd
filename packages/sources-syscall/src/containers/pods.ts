import { POD_EVENT, type Pod, type PodAbsence } from '../model/pod.ts'
import type { SyscallState } from '../state/state.ts'

/** A directory of pods: `Directory` of @falc/kubernetes. */
export interface PodDirectory {
  /** Called when a pod, or what pods of a namespace (of all: '') belong to, may have changed. */
  onChange: ((change: { readonly uid: string } | { readonly namespace: string }) => void) | null
  /** Pods can be described: unknown ones do not exist. */
  readonly podsSynced: boolean
  /** @param uid of the pod, or the name by which the kubelet knows a static one. `complete`: nothing of it is on its way */
  find(uid: string): { readonly description: object; readonly complete: boolean } | undefined
  /** What has happened between it and the API server. */
  readonly events: Readonly<Record<string, number>>
  close(): void
}

/** Pods that control groups refer to, by what became of their metadata, and how often it was announced again. */
export interface PodCounts {
  readonly found: number
  readonly changed: number
  /** Absent at the end of the window: the API server had not been read yet, or does not know the pod. */
  readonly 'not-synced': number
  readonly unknown: number
}

/** Milliseconds until the pods of a namespace are looked through after a change there: many come together. */
const SOON = 50

/** Metadata of the pods that control groups refer to. */
export class Pods {
  readonly counts = { found: 0, changed: 0, 'not-synced': 0, unknown: 0 }
  readonly #state: SyscallState
  readonly #directory: PodDirectory
  readonly #tell: (name: string, info: object) => void
  readonly #release: (pod: Pod, outcome: 'filled' | 'expired') => void
  readonly #holdMs: number
  readonly #windows = new Map<Pod, NodeJS.Timeout>()
  /** What was announced, as JSON. */
  readonly #told = new WeakMap<Pod, string>()
  readonly #dirty = new Set<string>()
  #soon: NodeJS.Timeout | undefined

  /**
   * @param tell raises an event with what is known, which the state applies
   * @param release lets the evaluations go that wait for a pod
   */
  constructor(
    state: SyscallState,
    directory: PodDirectory,
    holdMs: number,
    tell: (name: string, info: object) => void,
    release: (pod: Pod, outcome: 'filled' | 'expired') => void,
  ) {
    this.#state = state
    this.#directory = directory
    this.#tell = tell
    this.#release = release
    this.#holdMs = holdMs
    directory.onChange = change => ('uid' in change ? this.#changed(change.uid) : this.#later(change.namespace))
    state.tables.containers.pods.onNew = pod => this.#look(pod)
    for (const pod of state.tables.containers.pods) this.#look(pod)
  }

  /** Number of pods that are waited for. */
  get pending(): number {
    return this.#windows.size
  }

  get events(): Readonly<Record<string, number>> {
    return this.#directory.events
  }

  flush(): void {
    for (const pod of [...this.#windows.keys()]) this.#expire(pod)
  }

  close(): void {
    this.#state.tables.containers.pods.onNew = null
    this.#directory.onChange = null
    this.#directory.close()
    clearTimeout(this.#soon)
    for (const timer of this.#windows.values()) clearTimeout(timer)
    this.#windows.clear()
  }

  /** Called while an event is processed: the known description applies to it at once, and the event about the pod follows. */
  #look(pod: Pod): void {
    const found = this.#directory.find(pod.uid)
    pod.absence = this.#absence()
    if (found?.complete) {
      pod.info = { key: pod.uid, ...found.description }
      pod.absence = ''
    } else if (this.#holdMs === 0) return
    else pod.pending = true
    const timer = setTimeout(() => this.#expire(pod), pod.pending ? this.#holdMs : 0)
    timer.unref()
    this.#windows.set(pod, timer)
  }

  #absence(): PodAbsence {
    return this.#directory.podsSynced ? 'unknown' : 'not-synced'
  }

  #changed(uid: string): void {
    if (!this.#state.tables.containers.pods.has(uid)) return
    const pod = this.#state.tables.containers.pods.get(uid)
    const complete = this.#update(pod)
    if (complete && this.#windows.has(pod)) this.#end(pod, 'filled')
  }

  /** Announces what is known of a pod, unless that was announced before. @returns whether nothing more is on its way */
  #update(pod: Pod): boolean {
    const found = this.#directory.find(pod.uid)
    if (found === undefined) return false
    const info = { key: pod.uid, ...found.description }
    const json = JSON.stringify(info)
    // While more is on its way, it is announced once, when it is complete.
    if (this.#told.get(pod) === json || (pod.pending && !found.complete)) return found.complete
    this.counts[this.#told.has(pod) ? 'changed' : 'found']++
    this.#told.set(pod, json)
    this.#tell(POD_EVENT, info)
    return found.complete
  }

  #later(namespace: string): void {
    this.#dirty.add(namespace)
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      const dirty = new Set(this.#dirty)
      this.#dirty.clear()
      for (const pod of this.#state.tables.containers.pods) {
        const ns = (pod.info?.ns as { name?: string } | undefined)?.name
        // Of one without metadata, the namespace is unknown.
        if (ns !== undefined && !dirty.has(ns) && !dirty.has('')) continue
        if (this.#update(pod) && this.#windows.has(pod)) this.#end(pod, 'filled')
      }
    }, SOON).unref()
  }

  #expire(pod: Pod): void {
    pod.pending = false
    this.#update(pod)
    pod.absence = pod.info === null ? this.#absence() : ''
    if (pod.absence === 'unknown' || pod.absence === 'not-synced') this.counts[pod.absence]++
    this.#end(pod, pod.info === null ? 'expired' : 'filled')
  }

  #end(pod: Pod, outcome: 'filled' | 'expired'): void {
    pod.pending = false
    clearTimeout(this.#windows.get(pod))
    this.#windows.delete(pod)
    this.#release(pod, outcome)
  }
}
