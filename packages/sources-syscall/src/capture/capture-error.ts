/** Why reading a capture stopped. */
export type CaptureErrorCode =
  /** The file does not start as a capture does. */
  | 'not-a-capture'
  /** Written by a newer major version. */
  | 'version'
  /** The file ends inside a block. */
  | 'truncated'
  /** Lengths contradict each other. */
  | 'corrupt'
  /** A block larger than this program takes. */
  | 'too-large'
  /** Tables, but no event. */
  | 'no-events'
  /** A known block at a place where it cannot be. */
  | 'unexpected-block'
  /** An event of an old version that nothing says how to read. */
  | 'conversion'
  /** The compressed stream around it is broken. */
  | 'compression'

/**
 * Reading stopped here. Whatever came before has been delivered and stands. `offset` counts bytes of the capture, after
 * decompression; it is where the offending block starts.
 */
export class CaptureError extends Error {
  override name = 'CaptureError'
  readonly code: CaptureErrorCode
  readonly offset: number

  constructor(code: CaptureErrorCode, message: string, offset: number) {
    super(`${message} (at byte ${offset})`)
    this.code = code
    this.offset = offset
  }
}
