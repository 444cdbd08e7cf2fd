import type { FailureClass } from './answer.ts'
import type { BatchLimits, Target, Transport } from './transport.ts'

/** One of Falco's own outputs, which need no connection. */
export interface Output extends Target, Transport {
  readonly batch: BatchLimits
  open(): Promise<this>
}

/** An output cannot be set up, or connected to. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  /** An errno name, or what is wrong in a word. */
  readonly code: string
  /** Whether it is temporary. */
  readonly class: FailureClass

  constructor(code: string, message: string, kind: FailureClass = 'later') {
    super(message)
    this.code = code
    this.class = kind
  }
}

/** A system error as an OutputError. */
export function outputError(error: unknown, output: string, kind?: FailureClass): OutputError {
  if (error instanceof OutputError) return error
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'error'
  return new OutputError(code, `${output}: ${error instanceof Error ? error.message : String(error)}`, kind)
}
