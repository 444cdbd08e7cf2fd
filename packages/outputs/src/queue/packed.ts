import { type AlertData, type AlertWords, ByteSink, packAlert, unpackAlert } from '@falc/engine'
import type { Item } from '../model/transport.ts'
import { Fifo } from './fifo.ts'

/** Bytes of memory that is taken at once. */
const SEGMENT = 64 * 1024

/** Before the bytes of each alert: how many they are, and what they are of. */
const HEADER = 8

/** Memory for some alerts, one after the other. */
class Segment {
  readonly #kinds: AlertWords[] = []
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #indexes = new Map<AlertWords, number>()
  #start = 0
  #end = 0

  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get empty(): boolean {
    return this.#start === this.#end
  }

  /** @returns false: there is no room */
  push(kind: AlertWords, bytes: Uint8Array): boolean {
    if (this.#end + HEADER + bytes.length > this.#bytes.length) return false
    let index = this.#indexes.get(kind)
    if (index === undefined) this.#indexes.set(kind, (index = this.#kinds.push(kind) - 1))
    this.#view.setUint32(this.#end, bytes.length)
    this.#view.setUint32(this.#end + 4, index)
    this.#bytes.set(bytes, this.#end + HEADER)
    this.#end += HEADER + bytes.length
    return true
  }

  shift(): { readonly kind: AlertWords; readonly bytes: Uint8Array } {
    const from = this.#start + HEADER
    const kind = this.#kinds[this.#view.getUint32(this.#start + 4)]!
    this.#start = from + this.#view.getUint32(this.#start)
    return { kind, bytes: this.#bytes.subarray(from, this.#start) }
  }
}

/** Makes the item of an alert that was packed. @param size what it was counted with */
type MakeItem = (alert: AlertData, size: number) => Item

/** Items of which none is sent soon, first in, first out: alerts of rules as bytes, others as they are. */
export class PackedItems {
  /** Segments, and items as they are. */
  readonly #parts = new Fifo<Segment | Item>()
  #last: Segment | undefined
  length = 0

  /** @param size of an item as it is @returns what `push` takes: the item, packed if that can be done */
  pack(item: Item, size: number): Packed {
    draft.clear()
    const kind = packAlert(item.alert, draft)
    return kind === undefined ? { item, kind, size } : { item, kind, size: HEADER + draft.length }
  }

  /** @param packed what `pack` has returned last */
  push({ item, kind, size }: Packed): void {
    this.length++
    if (kind === undefined) {
      this.#parts.push(item)
      this.#last = undefined
    } else if (!this.#last?.push(kind, draft.written)) {
      this.#last = new Segment(Math.max(size, SEGMENT))
      this.#last.push(kind, draft.written)
      this.#parts.push(this.#last)
    }
  }

  shift(make: MakeItem): Item | undefined {
    const first = this.#parts.first
    if (first === undefined) return undefined
    this.length--
    if (!(first instanceof Segment)) return this.#parts.shift() as Item
    const { kind, bytes } = first.shift()
    if (first.empty) {
      this.#parts.shift()
      if (first === this.#last) this.#last = undefined
    }
    return make(unpackAlert(kind, bytes), HEADER + bytes.length)
  }

  clear(): void {
    this.#parts.clear()
    this.#last = undefined
    this.length = 0
  }
}

export interface Packed {
  readonly item: Item
  readonly kind: AlertWords | undefined
  /** Memory that it takes. */
  readonly size: number
}

/** The alert that was packed last. */
const draft = new ByteSink()
