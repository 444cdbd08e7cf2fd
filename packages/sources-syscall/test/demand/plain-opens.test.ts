/** Opens that no rule can match are applied from their bytes: the alerts are those of a replay that reads every event. */
import { alertJson, Engine } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CapturePieces } from '../../src/capture/pieces.ts'
import { Replay } from '../../src/replay.ts'
import { processOf, wordsOf } from '../../src/scene/notation.ts'
import { syscall } from '../../src/source.ts'
import { PathSearch } from '../../src/state/path-search.ts'
import { SyscallState } from '../../src/state/state.ts'
import { block, eventBlock, SECTION } from '../capture/assemble.ts'

const source = syscall()
const OUTPUT = [
  ...['evt.num', 'evt.type', 'fd.num', 'fd.name', 'fd.nameraw', 'fd.nameresolved', 'fd.directory', 'fd.filename'],
  ...['fd.typechar', 'fd.name_changed', 'fd.ino', 'proc.name', 'proc.cwd', 'proc.fdopencount'],
]

function load(conditions: readonly string[]): Engine<typeof source> {
  const engine = new Engine({ sources: [source], ruleMatching: 'all' })
  const output = OUTPUT.map(field => `%${field}`).join(' ')
  const rules = conditions.map((condition, i) => {
    return { rule: `R${i}`, desc: 'd', condition, output, priority: 'INFO' }
  })
  const { errors } = engine.load([{ name: 'r.yaml', content: JSON.stringify(rules) }])
  if (errors.length > 0) throw new Error(errors[0]!.message)
  return engine
}

async function replay(conditions: readonly string[], blocks: readonly Uint8Array[], readAll: boolean) {
  const engine = load(conditions)
  const state = new SyscallState({ readAll })
  const pieces = async function* () {
    yield SECTION
    yield* blocks
  }
  const file = new CapturePieces(pieces(), state)
  while (!file.reader.readTables() && (await file.fill()));
  for (const line of ['thread 5 comm=a cwd=/w/', 'thread 6 comm=b cwd=/etc/']) state.onProcess(processOf(wordsOf(line)))
  const types = engine.wantedTypes(source) as Uint8Array
  const wanted = [...types.keys()].filter(type => types[type] === 1)
  const options = { fields: engine.fieldsRead(source), unmatched: engine.unmatched(source) }
  const capture = new Replay(file, state, { ...options, wanted, excludes: engine.excludes(source), readAll })
  const alerts: string[] = []
  do {
    while (capture.next()) for (const alert of engine.evaluate(source, capture.event)) alerts.push(alertJson(alert))
  } while (await capture.fill())
  return { alerts, passed: capture.counts.passedOver }
}

const O_CREAT = 4
const O_DIRECTORY = 1024
const FIRST = eventBlock(0x216, '5 SYSCALL_FSTAT_X i64:0 i64:9')
/** The same event with more bytes after its parameters. */
function withTail(whole: Uint8Array, tail: string): Uint8Array {
  const view = new DataView(whole.buffer)
  const at = 8 + 2
  const length = view.getUint32(at + 16, true)
  const body = [...whole.subarray(8, at + length), ...new TextEncoder().encode(tail)]
  new DataView(whole.buffer).setUint32(at + 16, length + tail.length, true)
  body.splice(0, at + 20 - 8, ...whole.subarray(8, at + 20))
  return block(0x216, Uint8Array.from(body))
}

const openat = fc
  .record({
    tid: fc.constantFrom(5, 6, 7),
    result: fc.constantFrom(3, 4, 5, -2),
    dirfd: fc.constantFrom(-100, 3, 4, 9),
    path: fc.constantFrom(
      ...['/etc/shadow', '/etc', '/etc/', '/Etc/SHADOW', '/usr/lib/x.so', 'shadow', 'pam.d', 'pam.d/x', 'lib'],
      ...['./shadow', 'a/../shadow', 'etc//shadow', 'x/.', '.', '..', '.ssh', '/', '(NULL)', '', '/é/ü', 'sha'],
    ),
    resolved: fc.constantFrom('', '', '/etc/shadow', '/mnt/lib'),
    flags: fc.constantFrom(1, 1, O_DIRECTORY | 1, (O_DIRECTORY << 3) | O_DIRECTORY | 1, 2, O_CREAT | 1, (1 << 12) | 1),
    ino: fc.constantFrom(0, 9),
  })
  .map(({ tid, result, dirfd, path, resolved, flags, ino }) => {
    const name = JSON.stringify(`${path}\0`)
    const words = `i64:${result} i64:${dirfd} ${name} u32:${flags} u32:0 u32:7 u64:${ino}`
    return withTail(eventBlock(0x216, `${tid} SYSCALL_OPENAT_2_X ${words}`), resolved === '' ? '' : `${resolved}\0`)
  })
const other = fc
  .record({ tid: fc.constantFrom(5, 6), fd: fc.constantFrom(3, 4, 5, 6) })
  .chain(({ tid, fd }) =>
    fc.constantFrom(
      eventBlock(0x216, `${tid} SYSCALL_CLOSE_X i64:0 i64:${fd}`),
      eventBlock(0x216, `${tid} SYSCALL_FCHDIR_X i64:0 i64:${fd}`),
      eventBlock(0x216, `${tid} SYSCALL_DUP_1_X i64:6 i64:${fd}`),
      eventBlock(0x216, `${tid} SYSCALL_FSTAT_X i64:0 i64:${fd}`),
    ),
  )

const OPENS = 'evt.type in (open, openat, openat2)'
const check = fc.constantFrom(
  ...['fd.name = /etc/shadow', 'fd.name in (/etc/shadow, /etc/pam.d)', 'fd.name contains shadow', 'fd.name contains /'],
  ...['fd.name startswith /etc', 'fd.name endswith .so', 'fd.name glob "/e?c/*"', 'fd.name icontains SHA'],
  ...['fd.name pmatch (/usr/lib)', 'fd.name regex "/pam.d(/x)?"', 'fd.name != /etc/shadow', 'fd.name exists'],
  ...['fd.directory = /etc', 'fd.directory in (/etc/pam.d, /)', 'fd.filename = shadow', 'fd.filename contains w'],
  ...['fd.nameraw contains ../', 'fd.nameraw = shadow', 'basename(fd.name) = shadow', 'tolower(fd.name) = /etc/shadow'],
  ...['fd.typechar = f', 'fd.typechar = d', 'fd.type = directory', 'fd.num >= 0', 'fd.num = -1', 'fd.num = 4'],
  ...['evt.is_open_read = true', 'evt.is_open_write = false', 'evt.is_open_create = true', 'evt.failed = false'],
  ...['proc.name = a', 'proc.name in (b, c)', 'evt.res = SUCCESS', 'fd.name = "/é/ü"', 'fd.ino = 9'],
)
const condition = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 2, arbitrary: check },
    { weight: 3, arbitrary: fc.tuple(tie('node'), tie('node')).map(parts => `(${parts.join(' and ')})`) },
    { weight: 1, arbitrary: fc.tuple(tie('node'), tie('node')).map(parts => `(${parts.join(' or ')})`) },
    { weight: 1, arbitrary: tie('node').map(part => `not (${part})`) },
  ),
})).node
const rule = fc
  .tuple(fc.constantFrom(OPENS, OPENS, OPENS, 'evt.type in (close, fchdir, dup)', 'evt.type = fstat'), condition)
  .map(([types, one]) => `${types} and ${one}`)

test('random rules on random opens give the same alerts as reading every event', async () => {
  let passed = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(rule, { minLength: 1, maxLength: 4 }),
      fc.array(fc.oneof({ weight: 3, arbitrary: openat }, { weight: 1, arbitrary: other }), { maxLength: 60 }),
      async (rules, events) => {
        const fast = await replay(rules, [FIRST, ...events], false)
        expect(fast.alerts).toEqual((await replay(rules, [FIRST, ...events], true)).alerts)
        passed += fast.passed
      },
    ),
    { numRuns: 300 },
  )
  expect(passed).toBeGreaterThan(0)
})

const open = (path: string, flags = 1, result = 3, dirfd = -100) =>
  eventBlock(
    0x216,
    `5 SYSCALL_OPENAT_2_X i64:${result} i64:${dirfd} ${JSON.stringify(`${path}\0`)} u32:${flags} u32:0 u32:7 u64:9`,
  )
const SHADOW = `${OPENS} and fd.name = /etc/shadow`

const path = fc
  .array(fc.constantFrom('x', 'X', 'z', '/', '.', 'é'), { minLength: 1, maxLength: 12 })
  .map(all => all.join(''))

test('PathSearch finds whether a path has one of the texts, whole or split into directory and name', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 4 }), path, path, (given, directory, name) => {
      const texts = given.map(text => text.replaceAll('X', 'x'))
      // Names that stand for a path have these, so that nothing is searched.
      fc.pre(!texts.includes('/'))
      const search = PathSearch.of(texts)!
      const found = (whole: string) =>
        [...texts, '..', '//', '/./'].some(text => whole.replaceAll('X', 'x').includes(text))
      const through = (from: number, text: string) => {
        const bytes = new TextEncoder().encode(text)
        return search.through(from, bytes, 0, bytes.length)
      }
      const whole = `${directory}/${name}`
      expect(search.isClear(through(search.begin, whole))).toBe(!found(whole))
      expect(search.isClear(through(search.below(through(search.begin, directory)), name))).toBe(!found(whole))
    }),
    { numRuns: 1000 },
  )
})

test.each<[string, string, readonly Uint8Array[], number]>([
  ['a file that no rule names', SHADOW, [open('/usr/lib/a')], 1],
  ['a file that a rule names', SHADOW, [open('/etc/shadow')], 0],
  ['a directory, and a file in it that a rule names', SHADOW, [open('/etc', 1025), open('shadow', 1, 4, 3)], 1],
  ['a directory, and a file in it', SHADOW, [open('/usr', 1025), open('lib', 1, 4, 3)], 2],
  ['an unknown directory', SHADOW, [open('lib', 1, 4, 7)], 0],
  ['repeated slashes, and dots', SHADOW, [open('/etc//shadow'), open('/etc/./shadow'), open('/etc/shadow/.')], 0],
  ['upper and lower case', `${OPENS} and fd.name icontains shadow`, [open('/etc/SHAdow')], 0],
  ['a file that is written', SHADOW, [open('/usr/lib/a', 2)], 0],
  ['a rule about another thread', `${OPENS} and proc.name = b`, [open('/usr/lib/a'), open('/usr/lib/b')], 2],
  ['a rule about this thread', `${OPENS} and proc.name = a and fd.num > 3`, [open('/usr/lib/a')], 0],
])('opens passed over: %s', async (_, rules, events, passed) => {
  const before = await replay([rules], [FIRST], false)
  expect((await replay([rules], [FIRST, ...events], false)).passed - before.passed).toBe(passed)
})
