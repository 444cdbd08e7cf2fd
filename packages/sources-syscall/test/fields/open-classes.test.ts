/** What is known of a class of opens before they are read: a check decided for the class has this result on each open of it. */
import { compileCondition, type EventClass, type Scalar } from '@falc/engine'
import { expect, test } from 'vitest'
import { DIRECTORY_READS, FAILED_OPENS, FILE_READS } from '../../src/fields/open-classes.ts'
import { syscall } from '../../src/source.ts'
import { play } from '../state/play.ts'

const source = syscall()
const PATHS = ['/etc/passwd', '/x/./y', '//a//b', '/.a.b.c', 'x', './x', '.']
/** Flags as recorded: O_RDONLY 1, O_WRONLY 2, O_CREAT 4, O_DIRECTORY 1024, close-on-exec 4096. */
const CLASSES: Readonly<Record<string, readonly [EventClass, readonly string[]]>> = {
  'failed opens': [FAILED_OPENS, ['fd=-2 flags=1', 'fd=-13 flags=2', 'fd=-17 flags=3', 'fd=-2 flags=4097']],
  'files that are read': [FILE_READS, ['fd=0 flags=1', 'fd=3 flags=1', 'fd=2000 flags=4097']],
  'directories that are read': [DIRECTORY_READS, ['fd=3 flags=1025', 'fd=4 flags=9217']],
}

const WORDS = ['SUCCESS', 'ENOENT', 'O_CREAT', 'O_RDONLY', '..', '/', 'x', 'f', 'd', 'file', 'directory', '*../*', '*']
const NUMBERS = [-4096, -2, -1, 0, 1, 3, 0x7fffffff]
const FIELDS: Readonly<Record<string, readonly Scalar[]>> = {
  'fd.num': NUMBERS,
  'evt.rawres': NUMBERS,
  'evt.failed': [true, false],
  'evt.is_open_write': [true, false],
  'evt.is_open_read': [true, false],
  'evt.is_open_create': [true, false],
  'evt.is_open_exec': [true, false],
  'evt.res': WORDS,
  'evt.arg.flags': WORDS,
  'fd.nameraw': WORDS,
  'fd.name': WORDS,
  'fd.typechar': WORDS,
  'fd.type': WORDS,
}
const OPERATORS = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  'contains',
  'icontains',
  'startswith',
  'endswith',
  'glob',
  'pmatch',
]

/** Every valid check, as arguments of `decides` and as a condition. */
const CHECKS = Object.entries(FIELDS).flatMap(([field, values]) => {
  const [name, arg] = field === 'evt.arg.flags' ? ['evt.arg', 'flags'] : [field, undefined]
  const given = OPERATORS.flatMap(operator => {
    const lists = operator === 'in' || operator === 'pmatch'
    const some = lists
      ? values.map((value, i) => [value, values[(i + 1) % values.length]!])
      : values.map(value => [value])
    return some.map(list => {
      const texts = list.map(value => JSON.stringify(String(value)))
      return { operator, values: list, text: `${field} ${operator} ${lists ? `(${texts.join(', ')})` : texts[0]}` }
    })
  })
  return [...given, { operator: 'exists', values: [], text: `${field} exists` }].flatMap(check => {
    try {
      return [{ ...check, name, arg, condition: compileCondition(check.text, source) }]
    } catch {
      return []
    }
  })
})

test.each(Object.entries(CLASSES))('%s: checks decided for the class hold for each open', (_, [of, opens]) => {
  const decided = CHECKS.flatMap(check => {
    const truth = of.decides(check.name!, check.arg, check.operator, check.values)
    return truth === undefined ? [] : [{ ...check, truth }]
  })
  expect(decided.length).toBeGreaterThan(20)
  const paths = of === DIRECTORY_READS ? [...PATHS, '..'] : PATHS
  const lines = paths.flatMap(path => opens.map(open => `5 openat ${open} name=${path} dirfd=-100`))
  const wrong = new Set<string>()
  play(['thread 5 comm=a cwd=/a../b..', ...lines], event => {
    expect(of.types).toContain(event.type)
    for (const { condition, truth, text } of decided) if (condition.test(event) !== truth) wrong.add(text)
  })
  expect([...wrong]).toEqual([])
})
