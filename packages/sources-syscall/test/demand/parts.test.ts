import { expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { partsRead } from '../../src/demand/fields-read.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { PARTS } from '../../src/state/parts.ts'

test.each(readCaseFile(new URL('cases/parts.txt', import.meta.url)))('$title', one => {
  one.expectRows('parts', text => {
    const [, name, arg] = /^([^[]+)(?:\[(.*)\])?$/.exec(text)!
    return partsRead({ name: name!, arg }).join(' ') || 'nothing'
  })
})

test('every field is named in fields-read.ts', () => {
  const unnamed = Object.entries(SYSCALL_FIELDS)
    .filter(([name, { removed, deprecated }]) => !removed && !deprecated && partsRead({ name, arg: '0' }) === PARTS)
    .map(([name]) => name)
  expect(unnamed).toEqual([])
})
