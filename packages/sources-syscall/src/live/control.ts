/** The connection to the sidecar: frames in both directions. */
import { LiveError } from './live-error.ts'
import type { Addon } from './native.ts'
import { FRAME_HEADER, MAX_FRAME } from './wire.ts'

/** The payload is only valid during the call. */
export type FrameHandler = (kind: number, payload: DataView) => void

/** Splits the bytes from the socket into frames and collects the descriptors sent with them. Never blocks. */
export class Control {
  /** Received descriptors that have not been taken yet. */
  readonly fds: number[] = []
  closed = false
  readonly #addon: Addon
  readonly #fd: number
  readonly #limit: number
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #view: DataView<ArrayBuffer>
  #filled = 0

  /** @param limit maximum payload length in bytes */
  constructor(addon: Addon, fd: number, limit = MAX_FRAME) {
    this.#addon = addon
    this.#fd = fd
    this.#limit = limit
    this.#bytes = new Uint8Array(FRAME_HEADER + limit)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /**
   * Passes received frames to `handle` while `more` returns true; the rest stays in the socket. Sets `closed` if the peer has
   * disconnected. @throws {LiveError} `protocol`
   */
  poll(handle: FrameHandler, more: () => boolean): void {
    while (!this.closed && more()) {
      const { length, fds } = this.#receive()
      this.fds.push(...fds)
      if (length < 0) return
      if (length === 0) {
        this.close()
        return
      }
      this.#filled += length
      this.#cut(handle)
    }
  }

  /** @throws {LiveError} `sidecar` if the peer does not accept the frame */
  send(kind: number, payload: Uint8Array = new Uint8Array(0)): void {
    if (this.closed) return
    const frame = new Uint8Array(FRAME_HEADER + payload.length)
    const view = new DataView(frame.buffer)
    view.setUint32(0, kind, true)
    view.setUint32(4, payload.length, true)
    frame.set(payload, FRAME_HEADER)
    let sent: number
    try {
      sent = this.#addon.send(this.#fd, frame)
    } catch {
      // The peer is gone: `poll` will notice.
      return
    }
    // The engine sends little, far less than a socket buffers.
    if (sent !== frame.length) throw new LiveError('sidecar', 'the sidecar does not read its control connection')
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.#addon.close(this.#fd)
    for (const fd of this.fds.splice(0)) this.#addon.close(fd)
  }

  #receive(): { length: number; fds: number[] } {
    try {
      return this.#addon.receive(this.#fd, this.#bytes.subarray(this.#filled))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return { length: 0, fds: [] }
      throw error
    }
  }

  #cut(handle: FrameHandler): void {
    let at = 0
    while (this.#filled - at >= FRAME_HEADER) {
      const length = this.#view.getUint32(at + 4, true)
      if (length > this.#limit) throw new LiveError('protocol', `the sidecar sent a frame of ${length} bytes`)
      if (this.#filled - at < FRAME_HEADER + length) break
      handle(this.#view.getUint32(at, true), new DataView(this.#bytes.buffer, at + FRAME_HEADER, length))
      at += FRAME_HEADER + length
    }
    this.#bytes.copyWithin(0, at, this.#filled)
    this.#filled -= at
  }
}
