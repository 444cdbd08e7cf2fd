import { type ConfigPlace, where } from './error.ts'
import { FORMER_KEYS } from './no-effect.ts'
import type { JsonSchema } from './schema.ts'
import type { ConfigNode } from './tree.ts'

/** Something that the schema does not allow. As in Falco a warning, never an error. */
export interface SchemaWarning {
  readonly reason: string
  readonly place: ConfigPlace
}

export const warningText = ({ reason, place }: SchemaWarning): string => `${where(place)}: ${reason}`

/** Compares a tree with the schema. A scalar with `${` in it can become anything: it fits every scalar type. */
export function checkSchema(node: ConfigNode, schema: JsonSchema, path = ''): SchemaWarning[] {
  if (node.kind === 'scalar' && node.text === '' && !node.quoted) return []
  if (schema.anyOf) {
    const attempts = schema.anyOf.map(one => checkSchema(node, one, path))
    return attempts.find(found => found.length === 0) ?? attempts.at(-1)!
  }
  const name = path || 'the configuration'
  const wrong = (reason: string): SchemaWarning[] => [{ reason, place: node.place }]
  switch (schema.type) {
    case 'object':
      return node.kind === 'map' ? checkMap(node, schema, path) : wrong(`${name} should be a map`)
    case 'array':
      if (node.kind !== 'list') return wrong(`${name} should be a list`)
      return node.items.flatMap((item, i) => checkSchema(item, schema.items ?? {}, `${path}[${i}]`))
    case undefined:
      return []
    default:
      if (node.kind !== 'scalar') return wrong(`${name} should be one ${schema.type}`)
      if (node.text.includes('${')) return []
      if (!SCALARS[schema.type].test(node.text)) return wrong(`${name} should be of type ${schema.type}`)
      if (schema.enum && !schema.enum.includes(node.text)) {
        return wrong(`${name} should be one of ${schema.enum.join(', ')}`)
      }
      return []
  }
}

const SCALARS = {
  string: /^/,
  boolean: /^(true|false|yes|no|on|off|y|n)$/i,
  integer: /^[-+]?\d+$/,
  number: /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i,
} as const

function checkMap(node: ConfigNode & { kind: 'map' }, schema: JsonSchema, path: string): SchemaWarning[] {
  const found: SchemaWarning[] = []
  for (const [key, { key: place, value }] of node.entries) {
    const full = path === '' ? key : `${path}.${key}`
    const known = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties![key] : schema.additionalProperties
    if (known) found.push(...checkSchema(value, known, full))
    else if (known === false) found.push({ reason: unknownKey(full), place })
  }
  for (const key of schema.required ?? []) {
    if (!node.entries.has(key)) found.push({ reason: `${path} should have the key ${key}`, place: node.place })
  }
  return found
}

function unknownKey(key: string): string {
  return Object.hasOwn(FORMER_KEYS, key) ? `unknown key ${key}: ${FORMER_KEYS[key]}` : `unknown key ${key}`
}
