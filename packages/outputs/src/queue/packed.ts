import { type AlertData, type AlertWords, ByteSink, packAlert, unpackAlert } from '@falc/engine'
import type { Item } from '../model/transport.ts'
import { Fifo } from './fifo.ts'

/** Bytes of memory that is taken at once. */
const SEGMENT = 64 * 1024

/** Before the bytes of each alert: how many they are, and what they are of. */
const HEADER = 8

/** In place of how many: the item is kept as it is. */
const AS_IT_IS = 0xffffffff

/** Memory for some items, one after the other. */
class Segment {
  /** What bytes are of, and items as they are. */
  readonly #kinds: (AlertWords | Item | undefined)[] = []
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
  push({ item, kind }: Packed, bytes: Uint8Array): boolean {
    const length = kind === undefined ? 0 : bytes.length
    if (this.#end + HEADER + length > this.#bytes.length) return false
    let index = kind && this.#indexes.get(kind)
    if (index === undefined) {
      index = this.#kinds.push(kind ?? item) - 1
      if (kind !== undefined) this.#indexes.set(kind, index)
    }
    this.#view.setUint32(this.#end, kind === undefined ? AS_IT_IS : length)
    this.#view.setUint32(this.#end + 4, index)
    if (kind !== undefined) this.#bytes.set(bytes, this.#end + HEADER)
    this.#end += HEADER + length
    return true
  }

  shift(make: MakeItem): Item {
    const from = this.#start + HEADER
    const length = this.#view.getUint32(this.#start)
    const index = this.#view.getUint32(this.#start + 4)
    const kind = this.#kinds[index]
    if (length === AS_IT_IS) {
      this.#kinds[index] = undefined
      this.#start = from
      return kind as Item
    }
    this.#start = from + length
    return make(unpackAlert(kind as AlertWords, this.#bytes.subarray(from, this.#start)), HEADER + length)
  }
}

/** Makes the item of an alert that was packed. @param size what it was counted with */
type MakeItem = (alert: AlertData, size: number) => Item

/** Items of which none is sent soon, first in, first out: alerts of rules as bytes, others as they are. */
export class PackedItems {
  readonly #parts = new Fifo<Segment>()
  #last: Segment | undefined
  length = 0

  /** @param size of an item as it is @returns what `push` takes: the item, packed if that can be done */
  pack(item: Item, size: number): Packed {
    draft.clear()
    const kind = packAlert(item.alert, draft)
    return kind === undefined ? { item, kind, size } : { item, kind, size: HEADER + draft.length }
  }

  /** @param packed what `pack` has returned last */
  push(packed: Packed): void {
    this.length++
    if (this.#last?.push(packed, draft.written)) return
    this.#last = new Segment(Math.max(HEADER + draft.length, SEGMENT))
    this.#last.push(packed, draft.written)
    this.#parts.push(this.#last)
  }

  shift(make: MakeItem): Item | undefined {
    const first = this.#parts.first
    if (first === undefined) return undefined
    this.length--
    const item = first.shift(make)
    if (first.empty) {
      this.#parts.shift()
      if (first === this.#last) this.#last = undefined
    }
    return item
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
