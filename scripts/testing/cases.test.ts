import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { readCaseFile, readCases } from './cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'falc-cases-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(text: string) {
  const path = join(folder, 'topic.txt')
  writeFileSync(path, text)
  return { path, url: pathToFileURL(path) }
}

const TEXT = `A comment.

--- shared
for all

=== first
--- in
a

b

--- out
A

=== second
--- shared
its own
--- in
--- table
# a comment
x => 1

a => b => 2
y =>
`

test('cases have the shared sections and their own', () => {
  const { url } = file(TEXT)
  const [first, second] = readCaseFile(url) as [never, never]
  expect(first).toMatchObject({ title: 'first', at: 'topic.txt:6' })
  expect([...(first as { sections: Map<string, string> }).sections]).toEqual([
    ['shared', 'for all\n'],
    ['in', 'a\n\nb\n'],
    ['out', 'A\n'],
  ])
  expect(second).toMatchObject({ title: 'second', at: 'topic.txt:15' })
  expect(readCases(new URL('./', url)).map(one => one.file)).toEqual(['topic.txt'])
})

test('texts, lines and rows', () => {
  const [first, second] = readCaseFile(file(TEXT).url)
  expect(first!.text('in')).toBe('a\n\nb')
  expect(first!.lines('in')).toEqual(['a', 'b'])
  expect(first!.text('none')).toBe('')
  expect(second!.sections.get('in')).toBe('')
  expect(second!.rows('table')).toEqual([
    { input: 'x', expected: '1' },
    { input: 'a => b', expected: '2' },
    { input: 'y', expected: '' },
  ])
  expect(() => first!.rows('in')).toThrow("topic.txt:6: expected 'input => output' in: a")
})

test('a comparison that fails names the case', () => {
  const [first, second] = readCaseFile(file(TEXT).url)
  first!.expect('out', 'A')
  expect(() => first!.expect('out', 'B')).toThrow('topic.txt:6')
  expect(() => second!.expectRows('table', input => input)).toThrow('topic.txt:15')
})

test('an update rewrites one section and nothing else', () => {
  const { path, url } = file(TEXT)
  const [first, second] = readCaseFile(url)
  first!.update('in', 'c\n\n')
  expect(readFileSync(path, 'utf8')).toBe(TEXT.replace('a\n\nb\n\n', 'c\n'))
  second!.update('table', 'x => 2')
  expect(readCaseFile(url)[1]!.text('table')).toBe('x => 2')
  expect(() => first!.update('none', '')).toThrow("no section 'none'")
})

test.each([
  ['=== a\n--- x\n=== a\n', "topic.txt:3: a second case 'a'"],
  ['=== a\n--- x\n--- x\n', "topic.txt:1: a second section 'x'"],
  ['=== a\nwords\n--- x\n', 'topic.txt:1: text outside of a section: words'],
])('malformed: %j', (text, message) => {
  expect(() => readCaseFile(file(text).url)).toThrow(message)
})
