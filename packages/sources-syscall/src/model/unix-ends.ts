import { internText } from '../events/text.ts'
import type { Fd, LateName } from './fd.ts'

/** Bytes of a tuple before the path: the family, and the kernel's addresses of both ends. */
const PATH = 17

/** The name of a unix socket, as in messages: "ffff9d0c->ffff9d0d /run/x.sock". Most are never asked for as text. */
export class UnixEnds implements LateName {
  readonly lateness = 0
  readonly stays = true
  private readonly low: number
  private readonly high: number
  private readonly peerLow: number
  private readonly peerHigh: number
  private readonly path: string
  private text = ''

  /** @param bytes from `at` on a tuple, whose family has been checked */
  constructor(bytes: Uint8Array, at: number, path: string) {
    this.low = word(bytes, at + 1)
    this.high = word(bytes, at + 5)
    this.peerLow = word(bytes, at + 9)
    this.peerHigh = word(bytes, at + 13)
    this.path = path
  }

  /** The ends in the tuple bytes[start, end). `view` covers `bytes` from its first byte. */
  static read(bytes: Uint8Array, view: DataView, start: number, end: number): UnixEnds {
    if (end - start < PATH) return new UnixEnds(bytes.slice(start, end), 0, '')
    return new UnixEnds(bytes, start, pathIn(bytes, view, start, end))
  }

  /** Whether a descriptor is already known by the ends in the tuple bytes[start, end). False tells nothing. */
  static areKnown(fd: Fd, bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const { late } = fd
    return (
      late instanceof UnixEnds &&
      end - start >= PATH &&
      late.low === word(bytes, start + 1) &&
      late.peerLow === word(bytes, start + 9) &&
      late.high === word(bytes, start + 5) &&
      late.peerHigh === word(bytes, start + 13) &&
      late.path === pathIn(bytes, view, start, end)
    )
  }

  /** Whether this is a descriptor's name; from then on, it is that without a text. */
  isNameOf(fd: Fd): boolean {
    const { late } = fd
    if (late instanceof UnixEnds) return late.equals(this)
    if (fd.name === '' || fd.name !== this.of()) return false
    fd.nameLate(this)
    return true
  }

  private equals(other: UnixEnds): boolean {
    return (
      this.low === other.low &&
      this.peerLow === other.peerLow &&
      this.high === other.high &&
      this.peerHigh === other.peerHigh &&
      this.path === other.path
    )
  }

  of(): string {
    if (this.text === '')
      this.text = `${hex64(this.low, this.high)}->${hex64(this.peerLow, this.peerHigh)} ${this.path}`
    return this.text
  }
}

function pathIn(bytes: Uint8Array, view: DataView, start: number, end: number): string {
  return end - start === PATH || bytes[start + PATH] === 0 ? '' : internText(bytes, view, start + PATH, end)
}

/** Bytes that are missing are 0. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** A 64-bit number in hex. */
function hex64(low: number, high: number): string {
  return high === 0 ? hex32(low) : hex32(high) + hex32(low).padStart(8, '0')
}

/** In two parts: V8 takes numbers that are not small integers for fractions, digit by digit. */
function hex32(value: number): string {
  const upper = value >>> 16
  const lower = (value & 0xffff).toString(16)
  return upper === 0 ? lower : upper.toString(16) + lower.padStart(4, '0')
}
