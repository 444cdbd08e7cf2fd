const TWO_32 = 4294967296

/**
 * A signed 64-bit number as a double. One that fits in 32 bits is never a double to V8: as one, each object that keeps it would have another
 * for it alone.
 */
export function int64(view: DataView, at: number): number {
  const low = view.getInt32(at, true)
  const high = view.getInt32(at + 4, true)
  return high === low >> 31 ? low : high * TWO_32 + (low >>> 0)
}
