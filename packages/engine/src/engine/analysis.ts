import type { ReadFile } from '../rules/read.ts'
import type { LoadResult } from '../rules/report.ts'
import type { Resolution } from '../rules/resolve.ts'
import type { CompiledRule } from './compiled-rule.ts'

/** The results of loading rules files, stage by stage. */
export interface Analysis {
  readonly files: readonly ReadFile[]
  /** After the last file; undefined without files. */
  readonly resolution: Resolution | undefined
  /** The rules that compile, in the order of definition, even if other items have errors. */
  readonly rules: readonly CompiledRule[]
  readonly result: LoadResult
}

/** The definitions of files, for the analysis of later files, so that their cost is paid once. */
export interface Foundation {
  readonly files: readonly ReadFile[]
  readonly resolution: Resolution
}
