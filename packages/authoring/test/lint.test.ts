import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCaseFile, readCases } from '../../../scripts/testing/cases.ts'
import { SourceText } from '../../engine/src/index.ts'
import { applyFixes, CHECKS, lint, REPORTS, rulesTexts } from '../src/index.ts'
import { SOURCES } from './sources.ts'

const root = resolve(import.meta.dirname, '../../..')

function findingsIn(content: string, name = 'rules.yaml') {
  return lint(rulesTexts(name, content), { sources: SOURCES })
}

const textOf = ({ code, place, message }: ReturnType<typeof lint>[number]) =>
  `${place.file.replace('rules.yaml', '')}${place.line}:${place.column} ${code}: ${message}\n`

describe.each(readCases(new URL('cases/lint/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const rules = one.text('rules')
    const findings = findingsIn(`${rules}\n`)
    one.expect('findings', findings.map(textOf).join(''))
    if (!one.sections.has('fixed')) return
    const { text } = applyFixes(`${rules}\n`, findings, new Set(['safe']))
    one.expect('fixed', text)
    expect(findingsIn(text).filter(({ fix }) => fix)).toEqual([])
  })
})

test('what is wrong in a quoted text is not fixed: its places are not those of the file', () => {
  const rules = `- rule: Shell Opened
  desc: A shell was started
  condition: evt.type = execve and proc.name = bash
  output: Shell opened (user=%user.name command=%proc.cmdline)
  priority: wARNING
`
  const codes = (content: string) => findingsIn(content).map(({ code, fix }) => `${code} ${fix?.grade}`)
  expect(codes(rules)).toEqual(['priority-spelling safe'])
  expect(codes(`kind: ConfigMap\ndata:\n  rules.yaml: ${JSON.stringify(rules)}\n`)).toEqual([
    'priority-spelling undefined',
  ])
})

describe('examples in the docs', () => {
  test.each(CHECKS)('$code: the bad example has only this finding, the good none', ({ code, severity, examples }) => {
    expect(findingsIn(examples.bad).map(finding => `${finding.severity} ${finding.code}`)).toEqual([
      `${severity} ${code}`,
    ])
    expect(findingsIn(examples.good).map(textOf)).toEqual([])
  })
})

test('each check finds something in the seeded faults', () => {
  const cases = readCaseFile(new URL('cases/lint/faults.txt', import.meta.url))
  expect(cases.length).toBeGreaterThanOrEqual(25)
  const found = new Set(cases.flatMap(one => findingsIn(one.text('rules')).map(({ code }) => code)))
  expect(CHECKS.map(({ code }) => code).filter(code => !found.has(code))).toEqual([])
})

test.each(['syscall.yaml', 'k8s_audit.yaml'])("this project's own %s has no findings", name => {
  expect(findingsIn(readFileSync(join(root, 'rules', name), 'utf8')).map(textOf)).toEqual([])
})

describe('reports', () => {
  const [one] = readCaseFile(new URL('cases/report/report.txt', import.meta.url))
  const content = `${one!.text('rules')}\n`
  test.each(Object.entries(REPORTS))('%s', (format, print) => {
    const files = new Map([['rules.yaml', new SourceText('rules.yaml', content)]])
    one!.expect(format, print({ findings: findingsIn(content), files }))
  })
})
