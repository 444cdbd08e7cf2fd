/** An ASCII text that consecutive alerts share: it is decoded only when it changes. */
export class RepeatedText {
  #bytes: Uint8Array = new Uint8Array()
  #text = ''
  isThere = false

  take(all: Buffer, start: number, end: number): void {
    this.isThere = true
    if (isAt(this.#bytes, all, start, end)) return
    this.#bytes = Uint8Array.prototype.slice.call(all, start, end)
    this.#text = all.toString('latin1', start, end)
  }

  get text(): string | undefined {
    return this.isThere ? this.#text : undefined
  }
}

/** Whether these bytes are at the offset. */
export function isAt(bytes: Uint8Array, all: Uint8Array, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== all[start + i]) return false
  return true
}
