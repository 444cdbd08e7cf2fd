import { test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { compileOutput } from '../../src/alert/compile-output.ts'
import { ConditionError } from '../../src/condition/error.ts'
import { people } from './people.ts'

test.each(readCaseFile(new URL('../cases/templates/cases.txt', import.meta.url)))('$title', one => {
  one.expectRows('prints', (template, expected) => {
    try {
      return compileOutput(template, people)({ name: 'ada' })
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error
      const { message, span } = error
      const place = `error ${span.offset}+${span.length} `
      const words = expected.startsWith(place) ? expected.slice(place.length) : undefined
      return words && message.includes(words) ? expected : place + message
    }
  })
})
