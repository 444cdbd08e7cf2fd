/** Why reading a capture stopped. */
export type CaptureErrorCode =
  /** The file does not start like a capture. */
  | 'not-a-capture'
  /** Written by a newer major version. */
  | 'version'
  /** The file ends inside a block. */
  | 'truncated'
  /** Lengths are inconsistent. */
  | 'corrupt'
  /** A block exceeds this program's size limit. */
  | 'too-large'
  /** There are tables, but no events. */
  | 'no-events'
  /** A known block where it is not allowed. */
  | 'unexpected-block'
  /** An event in an old form that has no conversion. */
  | 'conversion'
  /** The compressed stream is broken. */
  | 'compression'

/**
 * Thrown where reading stops. Everything before has been delivered and remains valid. `offset` is the start of the offending
 * block, in bytes of the decompressed capture.
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
