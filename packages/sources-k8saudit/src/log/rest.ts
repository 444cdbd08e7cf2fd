/** The bytes after the last line end. */
export class Rest {
  #parts: Uint8Array[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(bytes: Uint8Array): void {
    this.#parts.push(bytes)
    this.#size += bytes.length
  }

  /** All of them; none are left. */
  take(): Uint8Array {
    const whole = this.#parts.length === 1 ? this.#parts[0]! : joined(this.#parts, this.#size)
    this.clear()
    return whole
  }

  clear(): void {
    this.#parts = []
    this.#size = 0
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
