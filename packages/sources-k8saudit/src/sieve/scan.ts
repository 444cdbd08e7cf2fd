import { tokensOf } from '../json/pointer.ts'
import { SCAN_MODULE } from './scan.gen.ts'

/** What wasm/scan.c exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  start(random: number): void
  enter(object: number, length: number): number
  note(object: number, length: number): void
  run(at: number, to: number, inList: number): number
  learn(mayMatch: number): void
  end_of(at: number): number
  window_at(): number
  window_size(): number
  result_at(): number
}

/** What was found where a run stopped: nothing more, an event to be parsed, one with a combination of values that is new. */
export const Found = { end: 0, wanted: 1, unknown: 2 } as const

/** As far as it is used here: TypeScript has it among the types of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

let module: object | undefined

const encoder = new TextEncoder()

/**
 * Reads events as bytes, in WebAssembly, and knows the combinations of a few of their values (wasm/scan.c).
 * @throws {Error} where WebAssembly, or its vectors, are missing or forbidden
 */
export class EventScan {
  readonly size: number
  readonly #wasm: Exports
  readonly #window: Uint8Array
  /** found, passed, event_at, event_end */
  readonly #result: Int32Array

  /** @param pointers first those of the kind, the ID and the time, then those that make a combination */
  constructor(pointers: readonly string[]) {
    module ??= new WebAssembly.Module(Uint8Array.from(atob(SCAN_MODULE), c => c.charCodeAt(0)))
    const wasm = new WebAssembly.Instance(module).exports as Exports
    this.#wasm = wasm
    this.size = wasm.window_size()
    this.#window = new Uint8Array(wasm.memory.buffer, wasm.window_at(), this.size + 1)
    this.#result = new Int32Array(wasm.memory.buffer, wasm.result_at(), 4)
    wasm.start(crypto.getRandomValues(new Int32Array(1))[0]!)
    for (const pointer of pointers) {
      const tokens = tokensOf(pointer)
      const object = tokens.slice(0, -1).reduce((at, token) => wasm.enter(at, this.#write(token)), 0)
      wasm.note(object, this.#write(tokens.at(-1)!))
    }
  }

  #write(key: string): number {
    return encoder.encodeInto(key, this.#window).written
  }

  /** Takes the bytes, or characters, that are looked at from now on, at most `size`. @returns false: they are not of one byte each */
  load(from: Uint8Array | string): boolean {
    const { length } = from
    this.#window[length] = 0
    if (typeof from !== 'string') {
      this.#window.set(from)
      return true
    }
    const { read, written } = encoder.encodeInto(from, this.#window)
    return read === length && written === length
  }

  /** Passes over events from `at`, as far as it can. Returns what follows the last of them. */
  run(at: number, to: number, inList: boolean): number {
    return this.#wasm.run(at, to, inList ? 1 : 0)
  }

  get found(): number {
    return this.#result[0]!
  }

  /** Events that the last run passed over. */
  get passed(): number {
    return this.#result[1]!
  }

  /** The event that the last run stopped at. */
  get eventAt(): number {
    return this.#result[2]!
  }

  /** 0: it is not known. */
  get eventEnd(): number {
    return this.#result[3]!
  }

  /** Says what the rules make of the combination that was unknown. */
  learn(mayMatch: boolean): void {
    this.#wasm.learn(mayMatch ? 1 : 0)
  }

  /** Returns where the JSON value at `at` ends; 0: it is malformed, not compact, too deep, or continues beyond what was loaded. */
  endOf(at: number): number {
    return this.#wasm.end_of(at)
  }
}
