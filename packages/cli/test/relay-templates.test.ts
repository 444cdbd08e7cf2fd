import { parseAlert } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCaseFile } from '../../../scripts/testing/cases.ts'
import { goData } from '../src/relay/enrich.ts'
import { goTemplate, TemplateError } from '../src/relay/go-template.ts'

const alert = parseAlert(
  JSON.stringify({
    id: '00112233445566778899aabbccddeeff',
    ...{ hostname: 'web-1', rule: 'Shell', priority: 'Notice', source: 'syscall', tags: ['b', 'a'], output: 'A shell' },
    time: '2023-11-14T22:13:20.123456789Z',
    output_fields: { 'user.name': 'root', 'proc.pid': 42, 'k8s.ns.name': 'prod', up: true },
  }),
)

const cases = readCaseFile(new URL('cases/relay/go-templates.txt', import.meta.url))

test.each(cases.map(one => [one.title, one] as const))('%s', (_, one) => {
  one.expectRows('templates', text => {
    try {
      return goTemplate(text)(goData(alert))
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      return `error: ${error.message}`
    }
  })
})

test('any text with any data gives a string or a TemplateError', () => {
  const words = [
    '{{',
    '}}',
    ' if ',
    ' end ',
    'range ',
    '.Tags',
    '.',
    '$',
    '"x"',
    '(',
    ')',
    '|',
    'index ',
    'printf ',
    'else ',
    '-',
    '%d',
    'a',
  ]
  const text = fc.array(fc.constantFrom(...words)).map(parts => parts.join(''))
  fc.assert(
    fc.property(text, fc.anything(), (text, data) => {
      try {
        expect(typeof goTemplate(text)(data)).toBe('string')
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError)
      }
    }),
    { numRuns: 2000 },
  )
})

test('the output and the iterations of a template are bounded', () => {
  const text = '{{ range . }}{{ range $ }}{{ range $ }}xxxxxxxx{{ end }}{{ end }}{{ end }}'
  expect(goTemplate(text)(Array.from({ length: 100 }, () => 1)).length).toBe(64 * 1024)
  const empty = '{{ range $ }}{{ range $ }}{{ range $ }}{{ end }}{{ end }}{{ end }}'
  expect(goTemplate(empty)(Array.from({ length: 100_000 }, () => 1))).toBe('')
})
