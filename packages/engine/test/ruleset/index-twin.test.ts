import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { defineSource } from '../../src/fields/field.ts'
import { Act, Fd, reads, Thread, TYPE_NAMES, threads } from './threads.ts'

// Every way of running the rules must give the same alerts as walking each rule's tree on each event.
const ways: [string, Partial<EngineOptions>][] = []
for (const backend of ['vm', 'jit'] as const)
  for (const index of [true, false])
    for (const memo of [true, false])
      ways.push([`${backend}${index ? ' index' : ''}${memo ? ' memo' : ''}`, { backend, tuning: { index, memo } }])
const slow: Partial<EngineOptions> = { tuning: { treeWalk: true, index: false, memo: false } }

const WORDS = ['a', 'b', 'c', 'd']
const word = fc.constantFrom(...WORDS)
const check = fc.oneof(
  { weight: 3, arbitrary: word.map(w => `proc.name = ${w}`) },
  { weight: 2, arbitrary: fc.uniqueArray(word, { maxLength: 3 }).map(ws => `proc.exe in (${ws.join(', ')})`) },
  { weight: 2, arbitrary: word.map(w => `fd.path startswith /${w}`) },
  { weight: 3, arbitrary: fc.constantFrom(...TYPE_NAMES).map(t => `evt.type = ${t}`) },
  { weight: 1, arbitrary: fc.constantFrom(...TYPE_NAMES).map(t => `evt.type != ${t}`) },
  { weight: 4, arbitrary: fc.uniqueArray(word, { maxLength: 2 }).map(ws => `evt.tag in (${ws.join(', ')})`) },
  { weight: 1, arbitrary: word.map(w => `evt.tag != ${w}`) },
  fc.constant('evt.tag exists'),
  fc.nat(9).map(n => `evt.size > ${n}`),
  fc.constantFrom(
    'fd.path exists',
    'evt.num = 0',
    'evt.num > 0',
    'proc.name = val(proc.exe)',
    'proc.name = val(fd.path)',
  ),
)
const condition = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    check,
    fc.array(tie('node'), { minLength: 2, maxLength: 4 }).map(cs => `(${cs.join(' and ')})`),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map(cs => `(${cs.join(' or ')})`),
    tie('node').map(c => `not (${c})`),
  ),
})).node

const part = fc.oneof(
  word.map(w => `proc.name = ${w}`),
  word.map(w => `fd.path startswith /${w}`),
  word.map(w => `evt.tag = ${w}`),
  fc.nat(9).map(n => `evt.size > ${n}`),
  fc.constant('proc.name = val(fd.path)'),
)
const exception = fc.array(part, { minLength: 1, maxLength: 3 }).map(parts => `not (${parts.join(' and ')})`)
/** Conditions that differ only in their exceptions. */
const alike = fc
  .tuple(condition, fc.array(fc.array(exception, { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 12 }))
  .map(([base, all]) => all.map(exceptions => [base, ...exceptions].join(' and ')))

const threadIndex = fc.option(fc.nat(5), { nil: undefined })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      type: fc.nat(4),
      thread: threadIndex,
      fd: threadIndex,
      size: fc.option(fc.nat(12), { nil: undefined }),
    }),
  },
  fc.record({ kind: fc.constant('exec' as const), thread: fc.nat(5), name: word, exe: word }),
)

function rulesFile(conditions: readonly string[]) {
  const rules = conditions.map(
    (text, i) => `- rule: r${i}\n  desc: d\n  condition: ${text}\n  output: o\n  priority: INFO\n  source: threads\n`,
  )
  return [{ name: 'rules.yaml', content: rules.join('') }]
}

function play(options: Partial<EngineOptions>, conditions: readonly string[], steps: readonly Step[]): string[] {
  const engine = new Engine({ sources: [threads], ...options })
  const report = engine.load(rulesFile(conditions))
  expect(report.errors).toEqual([])
  const all = WORDS.concat('a', 'b').map((w, i) => new Thread(w, WORDS[i % 4]!))
  const fds = WORDS.concat('a', 'b').map(w => new Fd(`/${w}/${w}`))
  const told: string[] = []
  for (const s of steps) {
    if (s.kind === 'exec') all[s.thread]!.exec(s.name, s.exe)
    else {
      const pick = <T>(list: T[], i: number | undefined) => (i === undefined ? undefined : list[i])
      const event = new Act(s.type, pick(all, s.thread), pick(fds, s.fd), s.size)
      told.push(
        engine
          .evaluate(threads, event)
          .map(alert => alert.rule)
          .join(' '),
      )
    }
  }
  return told
}
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

test.each(['first', 'all'] as const)('all ways of running the rules agree, rule matching %s', ruleMatching => {
  const rounds = Number(process.env.FC_RUNS ?? 60)
  fc.assert(
    fc.property(
      fc.oneof(
        { weight: 2, arbitrary: fc.array(condition, { minLength: 1, maxLength: 24 }) },
        { weight: 1, arbitrary: alike },
        { weight: 1, arbitrary: fc.tuple(alike, alike).map(both => both.flat()) },
      ),
      // Some conditions are shared by several rules.
      fc.array(fc.nat(23), { maxLength: 12 }),
      fc.array(step, { minLength: 5, maxLength: 60 }),
      (distinct, again, steps) => {
        const conditions = [...distinct, ...again.map(i => distinct[i % distinct.length]!)]
        const expected = play({ ...slow, ruleMatching }, conditions, steps)
        for (const [name, way] of ways)
          expect({ name, told: play({ ...way, ruleMatching }, conditions, steps) }).toEqual({ name, told: expected })
      },
    ),
    { numRuns: rounds },
  )
})

test('from its second event on, a thread that no rule can match costs no field reads', () => {
  const engine = new Engine({ sources: [threads] })
  engine.load(
    rulesFile(Array.from({ length: 40 }, (_, i) => `evt.type = open and proc.name = name${i} and evt.size > 3`)),
  )
  const thread = new Thread('sh', 'sh')
  engine.evaluate(threads, new Act(0, thread, undefined, 5))
  engine.evaluate(threads, new Act(0, thread, undefined, 5))
  const before = reads.count
  for (let i = 0; i < 1000; i++) engine.evaluate(threads, new Act(0, thread, undefined, 5))
  expect(reads.count).toBe(before)
  expect(engine.stats().decided).toBe(1001)
})

test('rules with equal conditions all match, in order of definition', () => {
  const conditions = ['evt.size > 3', 'evt.size > 3 and evt.num >= 0', 'evt.size > 8']
  const engine = new Engine({ sources: [threads], ruleMatching: 'all' })
  engine.load(rulesFile([...conditions, ...conditions.toReversed(), 'evt.num >= 0 and evt.size > 3']))
  const rulesFor = (size: number) => engine.evaluate(threads, new Act(0, undefined, undefined, size)).map(a => a.rule)
  expect(rulesFor(9)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'])
  expect(rulesFor(5)).toEqual(['r0', 'r1', 'r4', 'r5', 'r6'])
  expect(rulesFor(2)).toEqual([])
})

/** An engine over texts and sizes, and how often the last event's size was read. */
function asking() {
  const asked = { sizes: 0 }
  const source = defineSource<{ text: string | undefined; size: number }>({
    name: 'threads',
    fields: {
      'ask.text': { type: 'string', doc: 'text', extract: event => event.text },
      'ask.size': {
        ...{ type: 'uint32', doc: 'size' },
        extract: event => {
          asked.sizes++
          return event.size
        },
      },
    },
  })
  const engine = new Engine({ sources: [source], ruleMatching: 'all' })
  const matching = (text: string | undefined, size: number) => {
    asked.sizes = 0
    return engine.evaluate(source, { text, size }).map(alert => alert.rule)
  }
  return { asked, engine, matching }
}

test('rules that differ only in an exception of two fields cost as much as one', () => {
  const { asked, engine, matching } = asking()
  const alike = (n: number) => `ask.text != root and not (ask.text = u${n} and ask.size > ${n})`
  engine.load(rulesFile(Array.from({ length: 50 }, (_, n) => alike(n))))
  expect([matching('root', 3), asked.sizes]).toEqual([[], 0])
  expect([matching('ann', 3).length, asked.sizes]).toEqual([50, 0])
  expect([matching('u7', 7).length, asked.sizes]).toEqual([50, 1])
  expect([matching('u7', 8).includes('r7'), matching('u7', 8).length]).toEqual([false, 49])
  // Alerts are in the order of the rules, although the remaining parts of the rules are not.
  expect(matching('u7', 7)).toEqual(Array.from({ length: 50 }, (_, n) => `r${n}`))
})

test('event types without rules are not wanted', () => {
  const engine = new Engine({ sources: [threads] })
  engine.load(rulesFile(['evt.type = execve and proc.name = sh']))
  // `rare` events can have any name.
  expect([...(engine.wantedTypes(threads) as Uint8Array)]).toEqual([0, 0, 1, 1, 0])
})

test('rules that require a value are found by it, and the others are not evaluated', () => {
  const { asked, engine, matching } = asking()
  const conditions = Array.from({ length: 50 }, (_, i) => `ask.text in (v${i}, w) and ask.size > 3`)
  engine.load(rulesFile([...conditions, 'not ask.text = v1 and ask.size > 8']))
  expect([matching('v7', 5), asked.sizes]).toEqual([['r7'], 1])
  expect(matching('v7', 9)).toEqual(['r7', 'r50'])
  expect(matching('v1', 9)).toEqual(['r1'])
  expect(matching(undefined, 9)).toEqual(['r50'])
  expect(matching('w', 5)).toHaveLength(50)
})
