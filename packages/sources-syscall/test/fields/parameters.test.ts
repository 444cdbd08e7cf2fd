import { expect, test } from 'vitest'
import { rawText, resolvedText } from '../../src/fields/formats/param.ts'
import { readCases } from './cases.ts'
import { eventWith, fromHex } from './encode.ts'

test.each(readCases('parameters.txt'))('$line: $text', ({ text }) => {
  const [, code, param, hex, raw, resolved] = /^(\S+) (\S+) (\S+) -> (.*?) ?\| ?(.*)$/.exec(
    text.replace('-> |', '->  |'),
  )!
  const { event, index } = eventWith(code!, param!, fromHex(hex!))
  expect({ raw: rawText(event, index), resolved: resolvedText(event, index) }).toEqual({ raw, resolved })
})
