import { test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { rawText, resolvedText } from '../../src/fields/formats/param.ts'
import { eventWith, fromHex } from './encode.ts'

test.each(readCaseFile(new URL('cases/parameters.txt', import.meta.url)))('$title', one => {
  one.expectRows('prints', input => {
    const [code, param, hex] = input.split(' ')
    const { event, index } = eventWith(code!, param!, fromHex(hex!))
    return `${rawText(event, index)} | ${resolvedText(event, index)}`.trim()
  })
})
