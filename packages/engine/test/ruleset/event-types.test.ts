import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseCondition } from '../../src/condition/parse.ts'
import type { EventTypes } from '../../src/fields/field.ts'
import { EventTypeAnalysis } from '../../src/ruleset/event-types.ts'

const NAMES = ['open', 'close', 'execve', 'mmap', 'generic', 'async']
const HELD: Record<string, number[]> = {
  open: [0],
  close: [1],
  execve: [2],
  mmap: [3],
  rare: [4],
  rarer: [4],
  container: [5],
}
const types: EventTypes = {
  all: [0, 1, 2, 3, 4, 5],
  fields: ['evt.type', 'syscall.type'],
  typesOf: (field, value) => {
    const held = HELD[value]
    return field === 'evt.type' ? held : held?.filter(type => type < 2 || type === 4)
  },
  valueOf: (field, type) => {
    if (type === 4) return undefined
    if (field === 'evt.type') return type === 5 ? undefined : NAMES[type]
    return type < 2 ? NAMES[type] : null
  },
}

const lines = readFileSync(new URL('../cases/event-types/cases.txt', import.meta.url), 'utf8').split('\n')
const cases = lines.flatMap(line => {
  const match = /^([^#].*) -> (.*)$/.exec(line)
  return match ? [[match[1]!, match[2]!] as const] : []
})

test.each(cases)('%s -> %s', (condition, expected) => {
  const analyse = () => {
    const found = new EventTypeAnalysis(types).typesOf(parseCondition(condition)).toArray()
    return found.length === 6 ? 'all' : found.length === 0 ? 'none' : found.map(type => NAMES[type]).join(' ')
  }
  if (expected.startsWith('error ')) expect(analyse).toThrow(expected.slice('error '.length))
  else expect(analyse()).toBe(expected)
})
