/** Configuration and test files that would take excessive memory are refused before they are parsed. */
import { SourceText } from '@falc/engine'
import { expect, test } from 'vitest'
import { parseTree } from '../src/config/parse-tree.ts'

test('a file with more than a million values is refused', () => {
  const source = new SourceText('x.test.yaml', `tests:\n  - event: { a: [${'a,'.repeat(1_000_000)}] }\n`)
  expect(() => parseTree(source)).toThrow('the file has more than 1000000 parts')
})
