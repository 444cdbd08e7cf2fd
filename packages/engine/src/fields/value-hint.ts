import { nearest } from '../text/did-you-mean.ts'
import type { EventTypes } from './field.ts'
import type { FieldTable } from './table.ts'
import { TYPES, type TypeInfo } from './types.ts'

/** What to add to the message about a value that does not fit its field: usually another field was meant. */
export function valueHint(value: string, field: string, { kind }: TypeInfo, table: FieldTable): string {
  const group = field.slice(0, field.lastIndexOf('.'))
  switch (kind) {
    case 'number': {
      const name = table.lookup(`${group}.name`)
      const isWord = /^[a-zA-Z]/.test(value)
      return isWord && name && name.name !== field && TYPES[name.type].kind === 'text'
        ? `: ${field} is a number, did you mean ${name.name}?`
        : ''
    }
    case 'ip': {
      if (!/^[0-9a-f.:]+\/[0-9]+$/i.test(value)) return ''
      const network = table.lookup(field.replace(/ip$/, 'net'))
      const meant = network && TYPES[network.type].kind === 'net' ? `, did you mean ${network.name}?` : ''
      return `: ${field} is compared with addresses, not with networks${meant}`
    }
    case 'net':
      return /^[0-9a-f.:]+$/i.test(value) ? `: a network is written address/bits, as in 10.0.0.0/8` : ''
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
