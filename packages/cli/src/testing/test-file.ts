import { dirname, isAbsolute, join } from 'node:path'
import { SourceText } from '@falc/engine'
import { parseAuditEvents } from '@falc/sources-k8saudit'
import { ConfigError } from '../config/error.ts'
import { converted, type Kind, list, mapOf, oneOrMore, text } from '../config/kind.ts'
import { key, optional, section } from '../config/section.ts'
import { type ConfigNode, parseTree, plain } from '../config/tree.ts'
import { CliError } from '../fail.ts'
import { readFile } from '../read-file.ts'

/** One test of a test file. */
export interface RuleTest {
  readonly name: string
  /** Inline audit events, or the path of an audit log or capture. */
  readonly events: readonly unknown[] | string
  /** Alerts by rule; `some` = at least one. Other rules must not alert. */
  readonly expect: ReadonlyMap<string, number | 'some'>
}

export interface TestFile {
  readonly path: string
  readonly rules: readonly string[]
  readonly tests: readonly RuleTest[]
}

/** An audit event, or a list of them. */
const inlineEvents: Kind<readonly unknown[]> = {
  schema: {},
  read(node: ConfigNode) {
    try {
      const events = node.kind === 'list' ? node.items : [node]
      return events.flatMap(event => parseAuditEvents(JSON.stringify(plain(event))))
    } catch (error) {
      throw new ConfigError((error as Error).message, node.place)
    }
  },
}

const expected = converted(text, (count, fail): number | 'some' => {
  if (count === 'some') return 'some'
  return /^\d+$/.test(count) ? Number(count) : fail(`expected is a number of alerts, or some, not "${count}"`)
})

const TEST = section(
  {
    name: key(text, '', 'Title of the test.'),
    event: optional(inlineEvents, 'An audit event, or a list of them.'),
    events: optional(text, 'The path of an audit log or a capture.'),
    expect: optional(mapOf(expected), 'Alerts by rule: a number, or some.', { needed: 'a test needs expect' }),
  },
  { required: ['name'] },
)

const test = converted(TEST, (one, fail) =>
  (one.event === undefined) === (one.events === undefined) ? fail('a test needs either event or events') : one,
)

const FILE = section({
  rules: key(oneOrMore(text), [], 'Rules files.'),
  tests: optional(list(test), 'The tests.', { needed: 'a test file needs tests' }),
})

/** @throws {CliError | ConfigError} with its place, when it is not a valid test file */
export function readTestFile(path: string): TestFile {
  let content: string
  try {
    content = readFile(path).toString('utf8')
  } catch (error) {
    throw new CliError(`Could not read test file ${path}: ${(error as Error).message}`)
  }
  const tree = parseTree(new SourceText(path, content))
  if (tree.kind !== 'map') throw new ConfigError('a test file is a map with the keys rules and tests', tree.place)
  const { rules, tests = [] } = FILE.values(tree, {
    path: '',
    env: {},
    warn: (reason, place) => {
      throw new ConfigError(reason, place)
    },
  })
  const relative = (name: string) => (isAbsolute(name) ? name : join(dirname(path), name))
  return {
    path,
    rules: rules.map(relative),
    tests: tests.map(({ name, event, events, expect = {} }) => ({
      name,
      events: event ?? relative(events!),
      expect: new Map(Object.entries(expect)),
    })),
  }
}
