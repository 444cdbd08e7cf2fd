import { describe, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { Engine } from '../../src/engine/engine.ts'
import { formatResult } from '../../src/text/report.ts'
import { k8sAudit, syscall } from './declared.ts'

describe.each(readCases(new URL('../cases/mistakes/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const engine = new Engine({ sources: [syscall, k8sAudit] })
    const { files } = engine.load([{ name: 'rules.yaml', content: one.sections.get('rules')! }])
    one.expect('report', formatResult(files[0]!))
  })
})
