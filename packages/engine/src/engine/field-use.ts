import type { ResolvedField } from '../fields/table.ts'

/** A field as rules name it. */
export interface FieldUse {
  readonly name: string
  /** The argument in brackets, or after the name of a field that takes a key. */
  readonly arg: string | undefined
}

export function useOf({ name, argText }: ResolvedField): FieldUse {
  return { name, arg: argText }
}
