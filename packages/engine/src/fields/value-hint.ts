import { nearest } from '../text/did-you-mean.ts'
import type { EventTypes } from './field.ts'
import type { FieldTable } from './table.ts'
import { TYPES, type TypeInfo } from './types.ts'

/** A hint for a value that is not valid for its field, or the empty text. Usually another field was meant. */
export function valueHint(value: string, field: string, { kind }: TypeInfo, table: FieldTable): string {
  const group = field.slice(0, field.lastIndexOf('.'))
  switch (kind) {
    case 'bool':
      return ': write true or false'
    case 'number': {
      const range = /^(\d+)-(\d+)$/.exec(value)
      if (range) return `: write ${field} >= ${range[1]} and ${field} <= ${range[2]}`
      const name = table.lookup(`${group}.name`)
      const isWord = /^[a-zA-Z]/.test(value)
      return isWord && name && name.name !== field && TYPES[name.type].kind === 'text'
        ? `: ${field} is a number, did you mean ${name.name}?`
        : ''
    }
    case 'ip':
      return /[*-]/.test(value) ? ': write a range as a network, for example 10.0.0.0/8' : ''
    case 'net':
      if (/[*-]/.test(value)) return ': write a range as a network, for example 10.0.0.0/8'
      return /^[0-9a-f.:]+$/i.test(value) ? ': write networks as address/bits, for example 10.0.0.0/8' : ''
    default:
      return ''
  }
}

/** The event type that an unknown one was most likely meant to be. */
export function nearestType(value: string, field: string, types: EventTypes): string | undefined {
  const names = new Set<string>()
  for (const type of types.all) {
    const name = types.valueOf(field, type)
    if (typeof name === 'string') names.add(name)
  }
  return nearest(value, names)
}
