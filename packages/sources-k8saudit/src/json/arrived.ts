/** Fewer bytes than this at a time are copied to those before them: a separate array takes about two hundred bytes. */
const SMALL = 1024

/** Bytes that are copied together. */
const TOGETHER = 16 * 1024

/** Bytes that have arrived of something that is not complete. They take the memory of their number, however small the pieces are. */
export class Arrived {
  #parts: Uint8Array[] = []
  #size = 0
  /** Small pieces since the last part. */
  #tail: Uint8Array | undefined
  #used = 0

  get size(): number {
    return this.#size
  }

  /** @param bytes are kept */
  add(bytes: Uint8Array): void {
    const { length } = bytes
    // Most things come in one piece.
    if (length >= SMALL || this.#size === 0) {
      this.#close()
      this.#parts.push(bytes)
    } else {
      if (this.#used + length > TOGETHER) this.#close()
      this.#tail ??= new Uint8Array(TOGETHER)
      this.#tail.set(bytes, this.#used)
      this.#used += length
    }
    this.#size += length
  }

  /** All of them; none are left. */
  take(): Uint8Array {
    this.#close()
    const whole = this.#parts.length === 1 ? this.#parts[0]! : joined(this.#parts, this.#size)
    this.clear()
    return whole
  }

  clear(): void {
    this.#parts = []
    this.#size = 0
    this.#tail = undefined
    this.#used = 0
  }

  #close(): void {
    if (this.#used > 0) this.#parts.push(this.#tail!.slice(0, this.#used))
    this.#used = 0
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
