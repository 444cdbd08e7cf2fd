/** Configuration, test files: those that would take memory without measure are refused before they are parsed. */
import { SourceText } from '@falc/engine'
import { expect, test } from 'vitest'
import { parseTree } from '../src/config/parse-tree.ts'

test('a million values', () => {
  const source = new SourceText('x.test.yaml', `tests:\n  - event: { a: [${'a,'.repeat(1_000_000)}] }\n`)
  expect(() => parseTree(source)).toThrow('the file has more than 1000000 parts')
})
