import { type AlertData, type AlertWords, ByteSink, packAlert, unpackAlert } from '@falc/engine'
import type { Item } from '../model/transport.ts'
import { Fifo } from './fifo.ts'

/** Bytes that are allocated at once. */
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
    const { kind, length } = this.#next()
    if (length === AS_IT_IS) return kind as Item
    return make(unpackAlert(kind as AlertWords, this.#bytes.subarray(from, this.#start)), HEADER + length)
  }

  /** Removes the first, which is not read. @returns what it was counted with */
  drop(sizeOf: (item: Item) => number): number {
    const { kind, length } = this.#next()
    return length === AS_IT_IS ? sizeOf(kind as Item) : HEADER + length
  }

  #next(): { readonly kind: AlertWords | Item; readonly length: number } {
    const length = this.#view.getUint32(this.#start)
    const index = this.#view.getUint32(this.#start + 4)
    const kind = this.#kinds[index]!
    if (length === AS_IT_IS) this.#kinds[index] = undefined
    this.#start += HEADER + (length === AS_IT_IS ? 0 : length)
    return { kind, length }
  }
}

/** Makes the item of an alert that was packed. @param size what it was counted with */
type MakeItem = (alert: AlertData, size: number) => Item

/** Items of which none is sent soon, first in, first out: alerts of rules as bytes, others as they are. */
export class PackedItems {
  readonly #parts = new Fifo<Segment>()
  #last: Segment | undefined
  length = 0

  /** @param sizeOf asked for an item that stays as it is @returns what `push` takes: the item, packed if that can be done */
  pack(item: Item, sizeOf: (item: Item) => number): Packed {
    draft.clear()
    const kind = packAlert(item.alert, draft)
    return { item, kind, size: kind === undefined ? sizeOf(item) : HEADER + draft.length }
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
    const item = first?.shift(make)
    if (first) this.#gone(first)
    return item
  }

  /** Removes the first, which need not become an item for that. @returns what it was counted with; undefined: there is none */
  drop(sizeOf: (item: Item) => number): number | undefined {
    const first = this.#parts.first
    const size = first?.drop(sizeOf)
    if (first) this.#gone(first)
    return size
  }

  #gone(first: Segment): void {
    this.length--
    if (!first.empty) return
    this.#parts.shift()
    if (first === this.#last) this.#last = undefined
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
