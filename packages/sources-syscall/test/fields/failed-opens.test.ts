/** Which failed opens the kernel may leave out: those that no rule can match. */
import { Engine } from '@falc/engine'
import { loadRuleset } from '@falc/engine/runtime'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FAILED_OPENS } from '../../src/fields/open-classes.ts'
import { syscall } from '../../src/source.ts'
import { play } from '../state/play.ts'

const source = syscall()

function load(conditions: readonly string[], output = 'o'): Engine<typeof source> {
  const engine = new Engine({ sources: [source], ruleMatching: 'all' })
  const rules = conditions.map((condition, i) => {
    return { rule: `R${i}`, desc: 'd', condition, output, priority: 'INFO' }
  })
  const { errors } = engine.load([{ name: 'r.yaml', content: JSON.stringify(rules) }])
  if (errors.length > 0) throw new Error(errors[0]!.message)
  return engine
}

const namesOf = (engine: Engine<typeof source>) =>
  (engine.unmatched(source).failedOpens?.types ?? [])
    .map(type => source.eventTypes!.valueOf('evt.type', type))
    .join(' ')

describe('rules that', () => {
  const OPENS = 'evt.type in (open, openat, openat2)'
  test.each([
    ['require a descriptor', `${OPENS} and fd.num >= 0`, 'open openat openat2'],
    ['require success', `${OPENS} and evt.failed = false`, 'open openat openat2'],
    ['require failure', `${OPENS} and evt.failed = true`, ''],
    ['require failure of one call', 'evt.type = openat and evt.rawres < 0', 'open openat2'],
    ['require failure and two ../', `${OPENS} and fd.num = -1 and fd.nameraw glob *../*../*`, 'open openat openat2'],
    ['name a file that may have been created', `${OPENS} and evt.arg.flags contains O_CREAT`, 'open openat openat2'],
    ['allow both results', `${OPENS} and fd.name = /etc/shadow`, ''],
    ['exclude descriptors', `${OPENS} and not fd.num >= 0`, ''],
    ['name other calls', 'evt.type = unlinkat', 'open openat openat2'],
    ['name no type', 'proc.name = cat', ''],
  ])('%s', (_, condition, left) => expect(namesOf(load([condition]))).toBe(left))

  test('print the time since the last event need all of them', () => {
    expect(load(['evt.type = openat and fd.num >= 0'], '%evt.deltatime').unmatched(source)).toEqual({})
  })
})

const check = fc.constantFrom(
  ...['fd.num >= 0', 'fd.num = -1', 'fd.num < 5', 'fd.num in (3, -1)', 'fd.num != -1', 'fd.num > -1', 'fd.num <= -2'],
  ...['evt.rawres >= 0', 'evt.rawres < 0', 'evt.rawres = -2', 'evt.rawres in (0, 3)', 'evt.rawres != 0'],
  ...['evt.failed = true', 'evt.failed = false', 'evt.failed != true', 'evt.failed exists'],
  ...['evt.res = SUCCESS', 'evt.res != SUCCESS', 'evt.res startswith E', 'evt.res in (SUCCESS, ENOENT)'],
  ...[
    'evt.is_open_create = true',
    'evt.is_open_create = false',
    'evt.is_open_exec != false',
    'evt.is_open_read = true',
  ],
  ...[
    'evt.arg.flags contains O_CREAT',
    'evt.arg.flags contains O_RDONLY',
    'evt.arg.flags icontains o_creat',
    'evt.arg.flags contains O_TMPFILE',
  ],
  ...['fd.nameraw contains ..', 'fd.nameraw glob *../*', 'fd.nameraw glob "*[.][.]*"', 'fd.nameraw glob "*.\\\\.*"'],
  ...['fd.nameraw startswith /', 'fd.nameraw in (../x, /etc/passwd)', 'fd.name contains ..', 'fd.name exists'],
  ...['fd.typechar = f', 'evt.type = openat', 'evt.type in (open, openat2)', 'evt.type != open'],
)
const condition = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    check,
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map(parts => `(${parts.join(' and ')})`),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map(parts => `(${parts.join(' or ')})`),
    tie('node').map(part => `not (${part})`),
  ),
})).node

/** Opens of the class FAILED_OPENS. The working directory has two dots in its name. */
const open = fc
  .record({
    tid: fc.constantFrom(5, 6),
    type: fc.constantFrom('open', 'openat', 'openat2'),
    error: fc.constantFrom(-2, -13, -17),
    path: fc.constantFrom('/etc/passwd', '/x/./y', '//a//b', '/', '/a.b.c', 'x', './x', '.'),
    flags: fc.constantFrom(1, 2, 3, 4097, 1025, 9729),
  })
  .filter(({ type, path }) => type !== 'open' || path.startsWith('/'))
  .map(
    ({ tid, type, error, path, flags }) =>
      `${tid} ${type} fd=${error} name=${path} flags=${flags}${type === 'open' ? '' : ' dirfd=-100'}`,
  )

test('no rule matches an open that is left out, and saved rules leave out the same', () => {
  let decided = 0
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 1, maxLength: 3 }),
      fc.array(open, { minLength: 20 }),
      (rules, opens) => {
        const engine = load(rules)
        const unmatched = engine.unmatched(source)
        const left = unmatched.failedOpens!.types
        expect(loadRuleset(engine.save(), { sources: [source] }).unmatched(source)).toEqual(unmatched)
        play(['thread 5 comm=a cwd=/a../b..', ...opens], event => {
          expect(FAILED_OPENS.types).toContain(event.type)
          if (!left.includes(event.type)) return
          decided++
          expect(engine.evaluate(source, event)).toEqual([])
        })
      },
    ),
    { numRuns: 300 },
  )
  // About 1,500, give or take 200.
  expect(decided).toBeGreaterThan(300)
})
