import { readdirSync, readFileSync } from 'node:fs'
import { defineSource, type FieldDef, type FieldType, type Source, type Value } from '../../src/fields/field.ts'

export interface TruthCase {
  /** File and line, for messages. */
  readonly at: string
  readonly source: Source
  readonly expect: 'true' | 'false' | 'error' | 'warn' | 'quiet'
  /** Of `error` and `warn`. */
  readonly code: string
  readonly condition: string
  readonly words: string[]
}

/** Reads all truth tables (see cases/truth/README.md). */
export function truthCases(folder: URL): TruthCase[] {
  const files = readdirSync(folder).filter(name => name.endsWith('.txt'))
  return files.flatMap(name => casesOf(name, readFileSync(new URL(name, folder), 'utf8')))
}

function casesOf(name: string, text: string): TruthCase[] {
  const cases: TruthCase[] = []
  let fields: Record<string, FieldDef> = {}
  for (const [i, line] of text.split('\n').entries()) {
    const [word = '', rest = ''] = split(line)
    if (line.trim() === '') continue
    if (word === '#') fields = {}
    else if (word === 'field') fields = { ...fields, ...fieldOf(rest) }
    else if (line.startsWith('  > ')) cases.at(-1)!.words.push(line.slice(4))
    else {
      const [code = '', condition = ''] = word === 'error' || word === 'warn' ? split(rest) : ['', rest]
      const source = defineSource({ name: 'cases', fields })
      cases.push({ at: `${name}:${i + 1}`, source, expect: word as TruthCase['expect'], code, condition, words: [] })
    }
  }
  return cases
}

function split(line: string): [string, string] {
  const blank = line.trim().indexOf(' ')
  return blank < 0
    ? [line.trim(), '']
    : [
        line.trim().slice(0, blank),
        line
          .trim()
          .slice(blank + 1)
          .trim(),
      ]
}

function fieldOf(text: string): Record<string, FieldDef> {
  const [, name = '', type = '', flags = '', value = ''] = /^(\S+) (\S+)((?: \w+)*) = (.*)$/.exec(text) ?? []
  const has = (flag: string) => flags.split(' ').includes(flag)
  const extracted = parseFieldValue(value)
  const def: FieldDef = {
    type: type as FieldType,
    list: has('list'),
    anyOf: has('anyOf'),
    noRhs: has('noRhs'),
    noTransformer: has('noTransformer'),
    arg: has('arg') ? 'required' : 'none',
    ...(has('arg') ? { argKind: 'key' } : {}),
    doc: 'a case',
    extract: () => extracted,
  }
  return { [name]: def }
}

function parseFieldValue(text: string): Value | undefined {
  if (text === 'absent') return undefined
  if (text.startsWith('hex '))
    return Uint8Array.from(text.slice(4).match(/../g) ?? [], byte => Number.parseInt(byte, 16))
  if (text.startsWith('int ')) return BigInt(text.slice(4))
  return JSON.parse(text)
}
