import type { Finding } from '@falc/authoring'

/** A message to the analysing thread. */
export interface Check {
  /** Texts that it does not have yet; null: the file is gone. */
  readonly texts: readonly (readonly [uri: string, text: string | null])[]
  readonly id: number
  readonly uri: string
  /** The files that are loaded before, in order. */
  readonly before: readonly string[]
  readonly lint: boolean
}

/** From it: what it has found so far. `load` comes first and soon; `lint` includes it. Nothing comes for a check that a later one replaces. */
export interface Found {
  readonly id: number
  readonly uri: string
  readonly stage: 'load' | 'lint' | 'failed'
  readonly findings: readonly Finding[]
  /** With `failed`: why. */
  readonly reason?: string
}

/** The thread's end of the channel, or the server's. */
export interface Port<Sent, Received> {
  postMessage(message: Sent): void
  on(event: 'message', listener: (message: Received) => void): unknown
}
