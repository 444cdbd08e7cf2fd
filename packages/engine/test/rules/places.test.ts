import { expect, test } from 'vitest'
import { printCondition } from '../../src/condition/print.ts'
import { walk } from '../../src/condition/walk.ts'
import { load } from './checks.ts'

const RULE = (condition: string) => `- rule: r\n  desc: d\n  condition: ${condition}\n  output: x\n  priority: INFO\n`

function ruleOf(content: string) {
  const result = load([{ name: 'rules.yaml', content }])
  expect(result.errors).toEqual([])
  return result.rules[0]!
}

/** For each check of the rule's closed condition: its text, and the text of the file at its place. */
function places(content: string): [string, string][] {
  const found: [string, string][] = []
  walk(ruleOf(content).condition, node => {
    if (node.kind !== 'check') return
    const { offset, length } = node.place!
    found.push([printCondition(node), content.slice(offset, offset + length)])
  })
  return found
}

test.for([
  ['plain', 'proc.name = bash and fd.num > 3'],
  ['plain over several lines', 'proc.name = bash\n    and fd.num > 3'],
  ['folded', '>\n    proc.name = bash\n    and fd.num > 3'],
  ['folded with more indentation and blank lines', '>-\n    (proc.name = bash)\n\n      and\n      fd.num > 3\n'],
  ['literal', '|\n    proc.name = bash and\n    fd.num > 3'],
  ['single quotes', "'proc.name = bash and fd.num > 3'"],
  ['double quotes', '"proc.name = bash and fd.num > 3"'],
  ['double quotes over several lines', '"proc.name = bash \\\n    and\n    fd.num > 3"'],
  ['carriage returns', '>\r\n    proc.name = bash\r\n    and fd.num > 3'],
])('a check has its place in YAML text: %s', ([, condition]) => {
  for (const [printed, written] of places(RULE(condition!))) expect(written).toBe(printed)
})

test('a place includes YAML escapes', () => {
  expect(places(RULE(`"proc.name = \\"a\\tb\\" and fd.name = 'x'"`)).map(pair => pair[1])).toEqual([
    'proc.name = \\"a\\tb\\"',
    "fd.name = 'x'",
  ])
  expect(places(RULE(`'proc.name = ''a b'' and fd.num > 3'`)).map(pair => pair[1])).toEqual([
    "proc.name = ''a b''",
    'fd.num > 3',
  ])
})

test('a list has the place of its name', () => {
  const content = `- list: shells\n  items: [bash, zsh]\n${RULE('proc.name in (shells) and fd.num > 3')}`
  expect(places(content)).toEqual([
    ['proc.name in (bash, zsh)', 'proc.name in (shells)'],
    ['fd.num > 3', 'fd.num > 3'],
  ])
})

test('a macro has the place of its body, and the place of its use', () => {
  const content = `- macro: m\n  condition: proc.name = a or fd.num > 3\n${RULE('not m and proc.tty = 0')}`
  expect(places(content).map(pair => pair[1])).toEqual(['proc.name = a', 'fd.num > 3', 'proc.tty = 0'])
  const [not] = (ruleOf(content).condition as unknown as { children: { child: Record<string, any> }[] }).children
  expect(not!.child).toMatchObject({ kind: 'or', macro: 'm', use: { line: 5, column: 18, length: 1 } })
})

test('appends and exceptions have their own places', () => {
  const content = `${RULE('proc.name = bash')}  exceptions:
    - name: known
      fields: [fd.name]
      comps: [startswith]
      values: [[/tmp]]
- rule: r
  condition: and fd.num > 3
  override:
    condition: append
`
  expect(places(content)).toEqual([
    ['proc.name = bash', 'proc.name = bash'],
    ['fd.num > 3', 'fd.num > 3'],
    // An exception's check begins at its field and ends at its value.
    ['fd.name startswith /tmp', 'fd.name]\n      comps: [startswith]\n      values: [[/tmp'],
  ])
})

test('the place of an exception contains its checks', () => {
  const content = `${RULE('proc.name = bash')}  exceptions:
    - name: known
      fields: [fd.name]
      values: [[/tmp]]
  tags: [a]
`
  const { place } = ruleOf(content).exceptions[0]!
  expect(content.slice(place.offset, place.offset + place.length).trim()).toBe(
    'name: known\n      fields: [fd.name]\n      values: [[/tmp]]',
  )
})
