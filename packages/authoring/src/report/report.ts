import type { SourceText } from '@falc/engine'
import type { Finding } from '../lint/check.ts'

/** Findings with the files that they are in. */
export interface Report {
  readonly findings: readonly Finding[]
  /** By the name that places have. */
  readonly files: ReadonlyMap<string, SourceText>
}
