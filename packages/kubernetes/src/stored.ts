/** The few strings of an object that fields read. */

export interface Owner {
  readonly kind: string
  readonly name: string
  readonly uid: string
}

export interface Stored {
  readonly uid: string
  readonly name: string
  /** Empty: it belongs to none. */
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  /** What controls it. */
  readonly owner?: Owner
  /** Of a pod. */
  readonly ip?: string
  readonly node?: string
  /** Of a static pod: the name that the kubelet gives its control groups, which is not its UID. */
  readonly alias?: string
  /** Of a service: the labels of its pods. */
  readonly selector?: Readonly<Record<string, string>>
}

/** @returns undefined: that is no object */
export function storedOf(object: any): Stored | undefined {
  const { uid, name, namespace = '', labels, annotations, ownerReferences } = object?.metadata ?? {}
  if (typeof uid !== 'string' || typeof name !== 'string' || typeof namespace !== 'string') return undefined
  const owner = Array.isArray(ownerReferences) ? ownerReferences.find(one => one?.controller === true) : undefined
  const { selector, nodeName: node } = object.spec ?? {}
  const ip = object.status?.podIP
  const alias = annotations?.['kubernetes.io/config.hash']
  return {
    ...{ uid, name, namespace, labels: texts(labels) },
    ...(owner && { owner: { kind: String(owner.kind), name: String(owner.name), uid: String(owner.uid) } }),
    ...(typeof ip === 'string' && { ip }),
    ...(typeof node === 'string' && { node }),
    ...(typeof alias === 'string' && { alias }),
    // Others that have selectors are kept by their metadata alone.
    ...(isTexts(selector) && { selector }),
  }
}

const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' && value !== null && Object.values(value).every(text => typeof text === 'string')

const texts = (value: unknown): Record<string, string> => (isTexts(value) ? value : {})

/** Bytes of memory, roughly: each string and each property costs some more than its letters. */
export function sizeOf(stored: Stored): number {
  const pairs = [...Object.entries(stored.labels), ...Object.entries(stored.selector ?? {})]
  const { uid, name, namespace, owner, ip = '', node = '', alias = '' } = stored
  const letters = [uid, name, namespace, ip, node, alias, owner?.name ?? '', owner?.uid ?? '', ...pairs.flat()]
  return letters.reduce((sum, text) => sum + text.length + OVERHEAD, OBJECT)
}

const OVERHEAD = 24
const OBJECT = 200

/** Status changes often; of what is kept nothing has changed then. */
export const isSame = (a: Stored, b: Stored): boolean => JSON.stringify(a) === JSON.stringify(b)

export interface Limits {
  readonly objects: number
  /** As `sizeOf` tells them. */
  readonly bytes: number
}

/** The objects of a kind, by UID. */
export class Store {
  readonly objects = new Map<string, Stored>()
  /** How often an object found no room. */
  dropped = 0
  bytes = 0
  readonly #limits: Limits
  readonly #changed: (now: Stored | undefined, before: Stored | undefined) => void

  constructor(limits: Limits, changed: (now: Stored | undefined, before: Stored | undefined) => void) {
    this.#limits = limits
    this.#changed = changed
  }

  put(stored: Stored): void {
    const before = this.objects.get(stored.uid)
    if (before && isSame(before, stored)) return
    const size = sizeOf(stored) - (before ? sizeOf(before) : 0)
    const full = this.bytes + size > this.#limits.bytes || (!before && this.objects.size >= this.#limits.objects)
    if (full) {
      this.dropped++
      // What is known of it no longer holds.
      this.remove(stored.uid)
      return
    }
    this.bytes += size
    this.objects.set(stored.uid, stored)
    this.#changed(stored, before)
  }

  remove(uid: string): void {
    const before = this.objects.get(uid)
    if (!before) return
    this.bytes -= sizeOf(before)
    this.objects.delete(uid)
    this.#changed(undefined, before)
  }
}
