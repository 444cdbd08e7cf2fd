import type { Pointers, ReaderName } from './readers.ts'

/** One field: the place of its value, its reader, its documentation. */
export interface Row extends Pointers {
  /** How the value is read; see readers.ts. */
  readonly reader: ReaderName
  readonly list?: boolean
  readonly arg?: 'index' | 'key'
  readonly doc: string
}

export type Rows = Readonly<Record<`ka.${string}`, Row>>
