import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileOutput } from '../../src/alert/compile-output.ts'
import { ConditionError } from '../../src/condition/error.ts'
import { people } from './people.ts'

const lines = readFileSync(new URL('../cases/templates/cases.txt', import.meta.url), 'utf8').split('\n')
const cases = lines.flatMap(line => {
  const match = /^([^#].*) => (.*)$/.exec(line)
  return match ? [[match[1]!, match[2]!] as const] : []
})

test.each(cases)('%s => %s', (template, expected) => {
  const wrong = /^error (\d+)\+(\d+) (.*)$/.exec(expected)
  if (!wrong) {
    expect(compileOutput(template, people)({ name: 'ada' })).toBe(expected)
    return
  }
  let error: unknown
  try {
    compileOutput(template, people)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(ConditionError)
  const { message, span } = error as ConditionError
  expect(message).toContain(wrong[3])
  expect([span.offset, span.length]).toEqual([Number(wrong[1]), Number(wrong[2])])
})
