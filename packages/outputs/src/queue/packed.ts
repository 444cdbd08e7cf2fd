import { type AlertData, type AlertWords, ByteSink, packAlert, unpackAlert } from '@falc/engine'
import type { Item } from '../model/transport.ts'
import { Fifo } from './fifo.ts'

/** Bytes that are allocated at once. */
const SEGMENT = 64 * 1024

/** Bytes; most alerts take less. */
const AMPLE = 4 * 1024

/** Before the bytes of each alert: how many they are, and what they are of. */
const HEADER = 8

/** In place of how many: the item is kept as it is. */
const AS_IT_IS = 0xffffffff

/** Memory for some items, one after the other. */
class Segment {
  /** What bytes are of, and items as they are. */
  readonly #kinds: (AlertWords | Item | undefined)[] = []
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #indexes = new Map<AlertWords, number>()
  #start = 0
  #end = 0

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
    this.#view = new DataView(this.bytes.buffer)
  }

  get empty(): boolean {
    return this.#start === this.#end
  }

  /** Where the next alert is written, if it fits. */
  get next(): number {
    return this.#end + HEADER
  }

  get room(): number {
    return this.bytes.length - this.next
  }

  /** Keeps what lies at `next`. */
  keep({ item, kind, length }: Packed): void {
    let index = kind && this.#indexes.get(kind)
    if (index === undefined) {
      index = this.#kinds.push(kind ?? item) - 1
      if (kind !== undefined) this.#indexes.set(kind, index)
    }
    this.#view.setUint32(this.#end, kind === undefined ? AS_IT_IS : length)
    this.#view.setUint32(this.#end + 4, index)
    this.#end += HEADER + length
  }

  shift(make: MakeItem): Item {
    const from = this.#start + HEADER
    const { kind, length } = this.#next()
    if (length === AS_IT_IS) return kind as Item
    return make(unpackAlert(kind as AlertWords, this.bytes.subarray(from, this.#start)), HEADER + length)
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
  /** The alert that was packed last. */
  readonly #draft = new ByteSink(0)
  /** Where alerts are written that may not fit into the last part. */
  readonly #elsewhere = new Uint8Array(AMPLE)
  length = 0

  /** @param sizeOf asked for an item that stays as it is @returns what `push` takes: the item, packed if that can be done */
  pack(item: Item, sizeOf: (item: Item) => number): Packed {
    const last = this.#last
    const draft = this.#draft
    // Most alerts are written where they will stay.
    const there = last !== undefined && last.room >= AMPLE
    const start = there ? last.next : 0
    draft.bytes = there ? last.bytes : this.#elsewhere
    draft.length = start
    const kind = packAlert(item.alert, draft)
    const length = draft.length - start
    return { item, kind, length, size: kind === undefined ? sizeOf(item) : HEADER + length }
  }

  /** @param packed what `pack` has returned last */
  push(packed: Packed): void {
    const { length } = packed
    const draft = this.#draft
    this.length++
    let last = this.#last
    if (last === undefined || draft.bytes !== last.bytes) {
      const bytes = draft.bytes.subarray(draft.length - length, draft.length)
      if (last === undefined || last.room < length) {
        last = new Segment(Math.max(HEADER + length, SEGMENT))
        this.#last = last
        this.#parts.push(last)
      }
      last.bytes.set(bytes, last.next)
    }
    last.keep(packed)
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
  /** Of its bytes. */
  readonly length: number
  /** Memory that it takes. */
  readonly size: number
}
