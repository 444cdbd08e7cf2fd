import { EVENT_HEADER, type SyscallEvent } from '../event.ts'
import { type Conversion, type ConversionParam, conversionOf } from '../events/conversion.ts'
import { PARAM_SIZES } from '../events/params.ts'
import { EVENTS, EventFlag } from '../events/table.ts'

/** How to handle events of a type, decided from the header alone. */
export const Handling = {
  pass: 0,
  drop: 1,
  /** A current exit event: passes if it has the table's number of parameters, otherwise it is converted. */
  exit: 2,
  convert: 3,
} as const

/** Handling by event type. */
export const HANDLING: Uint8Array = Uint8Array.from(EVENTS, event => {
  const old = (event.flags & EventFlag.old_version) !== 0
  if (event.flags & EventFlag.unused) return Handling.drop
  if (!(event.flags & EventFlag.converter_managed)) return old ? Handling.drop : Handling.pass
  return event.enter || old ? Handling.convert : Handling.exit
})

/** Upper bound on the length of a conversion chain. */
const MAX_ROUNDS = 50
/** Maximum size of a converted event. */
const MAX_EVENT = 65536
/** Maximum bytes of enter events kept for later exits; beyond that, the oldest are dropped. */
const MAX_STORED_BYTES = 32 << 20

const EMPTY = new Uint8Array(0)

interface StoredEnter {
  readonly type: number
  readonly bytes: Uint8Array
}

/**
 * Converts events of older captures to the current form. Enter events are kept until their exit event, which takes over
 * their parameters; see `conversion.ts` for the rules.
 */
export class Converter {
  /** Enter events dropped because too many were waiting for their exit. */
  evicted = 0
  /** Why the last `convert` returned `error`. */
  reason = ''
  readonly #enters = new Map<number, StoredEnter>()
  #storedBytes = 0
  // Of MAX_EVENT bytes from the first conversion on: most captures need none.
  #scratch = EMPTY
  #spare = EMPTY
  #scratchView = new DataView(EMPTY.buffer)
  #spareView = this.#scratchView

  /** Forgets all enter events: a new section starts. */
  clear(): void {
    this.#enters.clear()
    this.#storedBytes = 0
  }

  /** Converts the event in place. Until the next call, it is then a view into this object's buffer. */
  convert(event: SyscallEvent): 'pass' | 'drop' | 'error' {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const handling = HANDLING[event.type]!
      if (handling === Handling.pass || handling === Handling.drop) return handling === Handling.pass ? 'pass' : 'drop'
      const nparams = event.encodedParams
      if (handling === Handling.exit || !EVENTS[event.type]!.enter) {
        const known = EVENTS[event.type]!.params.length
        if (nparams > known) return this.#refuse(event, `has ${nparams} parameters, more than the ${known} known`)
        if (handling === Handling.exit && nparams === known) return 'pass'
      }
      const conversion = conversionOf(event.type, nparams)
      if (!conversion) return this.#refuse(event, `with ${nparams} parameters has no conversion`)
      if (conversion.action === 'store' || conversion.action === 'store+pass') this.#store(event)
      if (conversion.action === 'store') return 'drop'
      if (conversion.action === 'pass' || conversion.action === 'store+pass') return 'pass'
      if (!this.#apply(event, conversion)) return 'error'
    }
    return this.#refuse(event, 'is converted without end')
  }

  #store(event: SyscallEvent): void {
    this.#forget(event.tid)
    const bytes = event.bytes.slice(event.start, event.end)
    this.#enters.set(event.tid, { type: event.type, bytes })
    this.#storedBytes += bytes.length
    for (const tid of this.#enters.keys()) {
      if (this.#storedBytes <= MAX_STORED_BYTES) break
      this.#forget(tid)
      this.evicted++
    }
  }

  #forget(tid: number): void {
    const stored = this.#enters.get(tid)
    if (!stored) return
    this.#storedBytes -= stored.bytes.length
    this.#enters.delete(tid)
  }

  #apply(event: SyscallEvent, conversion: Conversion): boolean {
    const append = conversion.action === 'append'
    const type = append ? event.type : conversion.to
    const kept = append ? event.nparams : 0
    const params: Uint8Array[] = []
    let length = EVENT_HEADER
    let usedEnter = false
    for (let i = 0; i < kept; i++) params.push(event.blob(i))
    for (const [n, param] of conversion.params.entries()) {
      const target = EVENTS[type]!.params[kept + n]?.type ?? 'bytes'
      const size = PARAM_SIZES[target]
      const bytes = this.#valueOf(event, param, size, target === 'uid' || target === 'gid')
      if (bytes === null) return false
      usedEnter ||= param.from === 'enter' && this.#enters.has(event.tid)
      params.push(size > 0 && bytes.length > size ? bytes.subarray(0, size) : bytes)
    }
    const lengthSize = EVENTS[type]!.flags & EventFlag.large_payload ? 4 : 2
    for (const bytes of params) length += lengthSize + bytes.length
    if (length > MAX_EVENT) return this.#fails(event, 'grows beyond 64 KiB by its conversion')
    if (usedEnter) this.#forget(event.tid)
    this.#build(event, type, params, length, lengthSize)
    if (event.attach(this.#scratch, this.#scratchView, 0, length)) return true
    return this.#fails(event, 'does not fit together after its conversion')
  }

  /** Writes the converted event to the spare buffer, because parameters may be in the other one, then swaps the two. */
  #build(event: SyscallEvent, type: number, params: Uint8Array[], length: number, lengthSize: 2 | 4): void {
    if (this.#spare.length === 0) {
      this.#scratch = new Uint8Array(MAX_EVENT)
      this.#spare = new Uint8Array(MAX_EVENT)
      this.#scratchView = new DataView(this.#scratch.buffer)
      this.#spareView = new DataView(this.#spare.buffer)
    }
    const out = this.#spare
    const view = this.#spareView
    out.set(event.bytes.subarray(event.start, event.start + EVENT_HEADER))
    view.setUint32(16, length, true)
    view.setUint16(20, type, true)
    view.setUint32(22, params.length, true)
    let lengthAt = EVENT_HEADER
    let at = EVENT_HEADER + params.length * lengthSize
    for (const bytes of params) {
      if (lengthSize === 4) view.setUint32(lengthAt, bytes.length, true)
      else view.setUint16(lengthAt, bytes.length, true)
      out.set(bytes, at)
      lengthAt += lengthSize
      at += bytes.length
    }
    this.#spare = this.#scratch
    this.#spareView = this.#scratchView
    this.#scratch = out
    this.#scratchView = view
  }

  #valueOf(event: SyscallEvent, param: ConversionParam, size: number, ones: boolean): Uint8Array | null {
    switch (param.from) {
      case 'old':
        if (param.index < event.nparams) return event.blob(param.index)
        this.#refuse(event, `lacks parameter ${param.index} for its conversion`)
        return null
      case 'enter': {
        const stored = this.#enters.get(event.tid)
        if (!stored) return param.orEmpty ? EMPTY : zero(size, ones)
        const bytes = stored.type === event.type - 1 ? paramOf(stored.bytes, param.index) : null
        if (bytes) return bytes
        const name = EVENTS[stored.type]!.code
        this.#refuse(event, `follows enter event ${name}, which is not its own or lacks parameter ${param.index}`)
        return null
      }
      case 'zero':
        return zero(size, ones)
      case 'empty':
        return EMPTY
      case 'container_json':
        return containerJson(event)
    }
  }

  #fails(event: SyscallEvent, why: string): false {
    this.#refuse(event, why)
    return false
  }

  #refuse(event: SyscallEvent, why: string): 'error' {
    this.reason = `event ${EVENTS[event.type]!.code} of thread ${event.tid} ${why}`
    return 'error'
  }
}

function zero(size: number, ones: boolean): Uint8Array {
  return new Uint8Array(size).fill(ones ? 0xff : 0)
}

/** A parameter of a stored event; null if there is no such parameter. Stored events never have u32 lengths. */
function paramOf(bytes: Uint8Array, index: number): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const nparams = view.getUint32(22, true)
  if (index >= nparams) return null
  let at = EVENT_HEADER + nparams * 2
  for (let i = 0; i < index; i++) at += view.getUint16(EVENT_HEADER + i * 2, true)
  return bytes.subarray(at, at + view.getUint16(EVENT_HEADER + index * 2, true))
}

/** The old container event (id, type, name, image) as the JSON text that later ones carry; empty if it lacks its id. */
function containerJson(event: SyscallEvent): Uint8Array {
  if (!event.has(0)) return EMPTY
  const note = { id: event.text(0), type: event.uint32(1), name: event.text(2), image: event.text(3) }
  return new TextEncoder().encode(`${JSON.stringify(note)}\0`)
}
