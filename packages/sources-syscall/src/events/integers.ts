/**
 * Integers of captures, which are little-endian. V8's middle compiler, in whose code a short replay spends its time, puts a view's
 * signed getters in line; the unsigned are calls.
 */

const TWO_32 = 4294967296

export function uint8(view: DataView, at: number): number {
  return view.getInt8(at) & 0xff
}

export function uint16(view: DataView, at: number): number {
  return view.getInt16(at, true) & 0xffff
}

export function uint32(view: DataView, at: number): number {
  return view.getInt32(at, true) >>> 0
}

/**
 * A signed 64-bit number as a double. One that fits in 32 bits is never a double to V8: as one, each object that keeps it would have another
 * for it alone.
 */
export function int64(view: DataView, at: number): number {
  const low = view.getInt32(at, true)
  const high = view.getInt32(at + 4, true)
  return high === low >> 31 ? low : high * TWO_32 + (low >>> 0)
}
