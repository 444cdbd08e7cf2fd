import { describe, expect, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { CODES, type CodeInfo } from '../../src/text/problem.ts'
import { formatResult } from '../../src/text/report.ts'
import { k8sAudit, syscall } from './declared.ts'

const files = readCases(new URL('../cases/mistakes/', import.meta.url))

function load(rules: string, options?: Omit<EngineOptions, 'sources'>) {
  return new Engine({ sources: [syscall, k8sAudit], ...options }).load([{ name: 'rules.yaml', content: rules }])
}

describe.each(files)('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    one.expect('report', formatResult(load(one.sections.get('rules')!).files[0]!))
  })
})

test('loadWarnings: falco turns off exactly the warnings that Falco does not have', () => {
  const own = new Set(Object.keys(CODES).filter(code => (CODES as Record<string, CodeInfo>)[code]!.own))
  const seen = new Set<string>()
  for (const { sections } of files.flatMap(({ cases }) => cases)) {
    const all = load(sections.get('rules')!)
    const falco = load(sections.get('rules')!, { loadWarnings: 'falco' })
    expect(falco.errors).toEqual(all.errors)
    expect(falco.warnings).toEqual(all.warnings.filter(({ code }) => !own.has(code)))
    for (const { code } of all.warnings) seen.add(code)
  }
  expect([...own].filter(code => !seen.has(code))).toEqual([])
})
