import { defineSource, type FieldDef, type FieldType, type Source, type Value } from '../../src/fields/field.ts'

/** The source of a truth table: its `fields` section, one field per line (see cases/truth/README.md). */
export function sourceOf(lines: readonly string[]): Source {
  return defineSource({ name: 'cases', fields: Object.fromEntries(lines.map(fieldOf)) })
}

function fieldOf(text: string): [name: string, def: FieldDef] {
  const [, name = '', type = '', flags = '', value = ''] = /^(\S+) (\S+)((?: \w+)*) = (.*)$/.exec(text) ?? []
  const has = (flag: string) => flags.split(' ').includes(flag)
  const extracted = parseFieldValue(value)
  const def = {
    type: type as FieldType,
    list: has('list'),
    anyOf: has('anyOf'),
    noRhs: has('noRhs'),
    noTransformer: has('noTransformer'),
    arg: has('arg') ? 'required' : 'none',
    ...(has('arg') ? { argKind: 'key' } : {}),
    doc: 'a case',
    extract: () => extracted,
  } as FieldDef
  return [name, def]
}

function parseFieldValue(text: string): Value | undefined {
  if (text === 'absent') return undefined
  if (text.startsWith('hex '))
    return Uint8Array.from(text.slice(4).match(/../g) ?? [], byte => Number.parseInt(byte, 16))
  if (text.startsWith('int ')) return BigInt(text.slice(4))
  return JSON.parse(text)
}
