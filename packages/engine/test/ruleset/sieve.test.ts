import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { defineSource } from '../../src/fields/field.ts'
import { Regex } from '../../src/fields/regex.ts'
import { loadRuleset } from '../../src/runtime.ts'

interface Act {
  readonly who?: string
  readonly verb?: string
  readonly note?: string
}

const text = (extract: (act: Act) => string | undefined) => ({ type: 'string', doc: 'd', extract }) as const
const source = defineSource<Act>({
  name: 'acts',
  time: () => 0n,
  fields: {
    'act.who': text(a => a.who),
    'act.verb': text(a => a.verb),
    'act.note': text(a => a.note),
    'act.era': text(() => 'now'),
  },
  early: {
    reads: field => field === 'act.who' || field === 'act.verb',
    decides: (field, operator, values) =>
      field === 'act.era' && operator === '=' && !values.includes('now') ? false : undefined,
  },
})

const rules = (conditions: readonly string[], output = '%act.note') => [
  {
    name: 'rules.yaml',
    content: JSON.stringify(
      conditions.map((condition, i) => ({
        rule: `R${i}`,
        desc: 'd',
        condition,
        output,
        priority: 'INFO',
        source: 'acts',
      })),
    ),
  },
]

function load(conditions: readonly string[], output?: string): Engine<typeof source> {
  const engine = new Engine({ sources: [source] })
  const { ok, errors } = engine.load(rules(conditions, output))
  if (!ok) throw new Error(errors[0]!.message)
  return engine
}

const word = fc.constantFrom('a', 'b', 'c')
const check = fc.oneof(
  fc
    .tuple(fc.constantFrom('who', 'verb', 'note', 'era'), fc.constantFrom('=', '!=', 'startswith'), word)
    .map(([f, op, w]) => `act.${f} ${op} ${w}`),
  fc.constantFrom('act.who exists', 'act.note exists', 'act.who = val(act.verb)', 'act.who = val(act.note)'),
)
const condition = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    check,
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map(cs => `(${cs.join(' and ')})`),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map(cs => `(${cs.join(' or ')})`),
    tie('node').map(c => `not (${c})`),
  ),
})).node
const act = fc.record({ who: word, verb: word, note: word }, { requiredKeys: [] })

test('the sieve passes every match and reads only early fields; saved rules have the same sieve', () => {
  let sieves = 0
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 1, maxLength: 3 }),
      fc.array(act, { maxLength: 20 }),
      (conditions, acts) => {
        const engine = load(conditions)
        const sieve = engine.sieve(source)
        const saved = loadRuleset(engine.save(), { sources: [source], regex: Regex }).sieve(source)
        expect(saved?.fields).toEqual(sieve?.fields)
        if (sieve !== undefined) sieves++
        for (const one of acts) {
          const passes = sieve?.mayMatch(one) ?? true
          if (engine.evaluate(source, one).length > 0) expect(passes).toBe(true)
          expect(saved?.mayMatch(one) ?? true).toBe(passes)
          expect(sieve?.mayMatch({ ...one, note: 'other' }) ?? true).toBe(passes)
        }
      },
    ),
  )
  expect(sieves).toBeGreaterThan(0)
})

test.each([
  [['act.who = a and act.note = b'], ['act.who']],
  [
    ['act.who = a', 'act.verb = b'],
    ['act.who', 'act.verb'],
  ],
  [['act.who = a and act.era = then', 'act.verb = b'], ['act.verb']],
  [['not (act.who = a or act.note = b)'], ['act.who']],
  [[], []],
] as const)('the sieve of %j reads %j', (conditions, fields) => {
  expect(
    load(conditions)
      .sieve(source)
      ?.fields.map(({ name }) => name)
      .sort(),
  ).toEqual([...fields].sort())
})

test.each([
  [['act.note = a']],
  [['act.who = a', 'act.note = a']],
  [['act.who = a or act.note = a']],
  [['act.who = a and evt.reltime > 0']],
])('there is no sieve for %j', conditions => {
  expect(load(conditions).sieve(source)).toBeUndefined()
})

test('there is no sieve if an output prints a relative time, which depends on the first event', () => {
  expect(load(['act.who = a'], '%evt.reltime').sieve(source)).toBeUndefined()
})
