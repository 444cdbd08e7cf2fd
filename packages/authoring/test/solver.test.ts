import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluateTree } from '../../engine/src/analysis.ts'
import { defineSource, Engine } from '../../engine/src/index.ts'
import { formulaOf } from '../src/algebra/formula.ts'
import { Solver } from '../src/algebra/solve.ts'

interface Event {
  readonly t?: string
  readonly n?: number
  readonly d?: number
  readonly b?: boolean
  readonly any?: readonly string[]
}

const source = defineSource<Event>({
  name: 'made',
  fields: {
    'm.t': { type: 'string', doc: 'a text', extract: e => e.t },
    'm.n': { type: 'int8', doc: 'a number', extract: e => e.n },
    'm.d': { type: 'double', doc: 'a fraction', extract: e => e.d },
    'm.b': { type: 'bool', doc: 'a truth', extract: e => e.b },
    'm.any': { type: 'string', anyOf: true, doc: 'several texts', extract: e => e.any },
  },
})

const word = fc.constantFrom('a', 'ab', 'abc', 'b', 'bc', 'c', 'ca', '/a', '/a/b')
const number = fc.integer({ min: -3, max: 3 })
const event: fc.Arbitrary<Event> = fc.record(
  {
    t: word,
    n: number,
    d: fc.constantFrom(-0.5, 0, 0.25, 0.75, 1),
    b: fc.boolean(),
    any: fc.array(word, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
)
const check = fc.oneof(
  fc
    .tuple(fc.constantFrom('m.t', 'm.any'), fc.constantFrom('=', '!=', 'startswith', 'endswith', 'contains'), word)
    .map(p => p.join(' ')),
  fc
    .tuple(
      fc.constantFrom('m.t', 'm.any'),
      fc.constantFrom('in', 'pmatch'),
      fc.array(word, { minLength: 1, maxLength: 3 }),
    )
    .map(([field, op, words]) => `${field} ${op} (${words.join(', ')})`),
  fc.tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>='), number).map(([op, n]) => `m.n ${op} ${n}`),
  fc.tuple(fc.constantFrom('<', '<=', '>', '>='), fc.constantFrom('0', '0.5', '1')).map(([op, d]) => `m.d ${op} ${d}`),
  fc.constantFrom(
    'm.t exists',
    'm.n exists',
    'm.b = true',
    'm.b = false',
    'm.b != true',
    'm.t glob "a*"',
    'm.t regex "a.*c"',
  ),
)
const { condition } = fc.letrec<{ condition: string }>(tie => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    check,
    tie('condition').map(one => `not (${one})`),
    fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map(parts => `(${parts.join(' and ')})`),
    fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map(parts => `(${parts.join(' or ')})`),
  ),
}))

function nodeOf(text: string) {
  const content = JSON.stringify([
    { rule: 'R', desc: 'd', condition: text, output: 'o', priority: 'INFO', source: 'made' },
  ])
  const { rules, result } = new Engine({ sources: [source] }).analyse([{ name: 'r', content }])
  expect(result.errors).toEqual([])
  return rules[0]!.node
}

test('a condition that some event satisfies is never called impossible', () => {
  fc.assert(
    fc.property(condition, fc.array(event, { minLength: 20, maxLength: 20 }), (text, events) => {
      const node = nodeOf(text)
      if (events.some(one => evaluateTree(node, one)))
        expect(new Solver(undefined).solve(formulaOf(node)), text).not.toBe('none')
      if (events.some(one => !evaluateTree(node, one)))
        expect(new Solver(undefined).solve(formulaOf(node, false)), text).not.toBe('none')
    }),
    { numRuns: 500 },
  )
})

test.each(['m.d > 0 and m.d < 1', 'm.d > 0.1 and m.d < 0.2', 'm.d > 3000000000'])('%s is possible', text => {
  expect(new Solver(undefined).isImpossible(formulaOf(nodeOf(text)))).toBe(false)
})

test('a witness satisfies the condition if all its values are known', () => {
  let known = 0
  fc.assert(
    fc.property(condition, text => {
      const node = nodeOf(text)
      const answer = new Solver(undefined).solve(formulaOf(node))
      if (typeof answer !== 'object' || [...answer.values.values()].includes('some')) return
      known++
      const value = (field: string) => {
        const found = answer.values.get(field)
        return typeof found === 'object' ? found.value : undefined
      }
      const made = {
        t: value('m.t'),
        n: value('m.n'),
        d: value('m.d'),
        b: value('m.b'),
        any: value('m.any') && [value('m.any')],
      } as Event
      expect(evaluateTree(node, made), `${text} ${JSON.stringify(made)}`).toBe(true)
    }),
    { numRuns: 500 },
  )
  expect(known).toBeGreaterThan(100)
})
