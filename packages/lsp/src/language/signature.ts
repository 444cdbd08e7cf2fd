import { TRANSFORMERS } from '@falc/engine/analysis'
import { ConditionScan } from '../document/condition.ts'
import type { View } from '../workspace/view.ts'

export interface Signature {
  readonly label: string
  readonly parameters: readonly string[]
  /** Index of the one that is being written. */
  readonly active: number
  readonly doc: string
}

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  val: ['field'],
  join: ['separator', 'list'],
  concat: ['first', 'second', '…'],
  getopt: ['arguments', 'options'],
}

/** The transformer whose arguments are being written. */
export function signatureAt(view: View, offset: number): Signature | undefined {
  const part = view.rules.partAt(offset)
  if (part?.kind !== 'condition') return undefined
  const call = new ConditionScan(view.rules.text, { from: part.range.from, to: offset }).call
  if (!call || call.name === '') return undefined
  const parameters = PARAMETERS[call.name] ?? ['value']
  const doc =
    call.name === 'val' ? 'the value of another field' : TRANSFORMERS[call.name as keyof typeof TRANSFORMERS].doc
  return {
    label: `${call.name}(${parameters.join(', ')})`,
    parameters,
    active: Math.min(call.index, parameters.length - 1),
    doc,
  }
}
