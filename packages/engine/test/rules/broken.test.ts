import { describe, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { RuleLoader } from '../../src/rules/loader.ts'
import { formatResult } from '../../src/text/report.ts'
import { checks } from './checks.ts'

describe.each(readCases(new URL('../cases/rules/broken/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const loader = new RuleLoader(checks)
    loader.addFile('rules.yaml', one.sections.get('rules')!)
    const result = loader.finish().files[0]!
    const schema = result.schemaWarnings.map(warning => `schema: ${warning}\n`).join('')
    one.expect('report', `${formatResult(result)}\n${schema}`)
  })
})
