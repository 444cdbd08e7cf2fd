import { test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
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

test.each(readCaseFile(new URL('../cases/event-types/cases.txt', import.meta.url)))('$title', one => {
  one.expectRows('types', (condition, expected) => {
    try {
      const found = new EventTypeAnalysis(types).typesOf(parseCondition(condition)).toArray()
      return found.length === 6 ? 'all' : found.length === 0 ? 'none' : found.map(type => NAMES[type]).join(' ')
    } catch (error) {
      const actual = `error ${(error as Error).message}`
      const words = /^error (.+)$/.exec(expected)?.[1]
      return words && actual.includes(words) ? expected : actual
    }
  })
})
