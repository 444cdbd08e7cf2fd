/** Bytes as keys of a table: compared four at a time, the last four of which may overlap the word before. */

import { uint8 } from './integers.ts'

/** A number that equal bytes have in common. `view` covers `bytes` from its first byte. */
export function hashOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  const length = end - start
  let hash = length
  const lastWord = end - 4
  for (let at = start; at < lastWord; at += 4) hash = (Math.imul(hash, 0x01000193) ^ view.getInt32(at, true)) | 0
  if (length >= 4) hash = Math.imul(hash, 0x01000193) ^ view.getInt32(lastWord, true)
  else for (let at = start; at < end; at++) hash = Math.imul(hash, 0x01000193) ^ bytes[at]!
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

/** Whether `length` bytes from `start` on are those from `other` on in another array. */
export function sameBytes(view: DataView, start: number, length: number, otherView: DataView, other: number): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (uint8(otherView, other + i) !== uint8(view, start + i)) return false
    return true
  }
  const last = length - 4
  for (let i = 0; i < last; i += 4)
    if (otherView.getInt32(other + i, true) !== view.getInt32(start + i, true)) return false
  return otherView.getInt32(other + last, true) === view.getInt32(start + last, true)
}
