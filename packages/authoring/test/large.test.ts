/** Files that would take too much memory are not parsed. */
import { expect, test } from 'vitest'
import { cpuOf } from '../../../scripts/testing/cost.ts'
import { rulesTexts } from '../src/document/embedded.ts'
import { FormatError, format } from '../src/fmt/format.ts'

const MANY = 'a,'.repeat(1_000_000)
const config = `apiVersion: v1\nkind: ConfigMap\ndata:\n  x: [${MANY}]\n`

test('a rules file of a million items is not formatted', () => {
  const failing = () => format(`- list: l\n  items: [${MANY}]\n`)
  expect(failing).toThrow(FormatError)
  expect(failing).toThrow('the file has more than 1000000 parts')
})

test('a ConfigMap of a million items is taken as a plain file, at the cost of counting its items', () => {
  expect(rulesTexts('x.yaml', config)).toEqual([{ name: 'x.yaml', path: 'x.yaml', content: config }])
  const small = config.replace(MANY, 'a,'.repeat(100_000))
  const cost = (content: string) => cpuOf(() => rulesTexts('x.yaml', content), 2)
  expect(cost(config) / cost(small)).toBeLessThan(8)
})
