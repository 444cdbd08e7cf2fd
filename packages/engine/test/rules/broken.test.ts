import { describe, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { formatResult } from '../../src/text/report.ts'
import { load } from './checks.ts'

describe.each(readCases(new URL('../cases/rules/broken/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const result = load([{ name: 'rules.yaml', content: one.sections.get('rules')! }]).files[0]!
    const schema = result.schemaWarnings.map(warning => `schema: ${warning}\n`).join('')
    one.expect('report', `${formatResult(result)}\n${schema}`)
  })
})
