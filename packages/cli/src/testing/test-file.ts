import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { parseAuditEvents } from '@falc/sources-k8saudit'
import { checkSchema } from '../config/check.ts'
import { ConfigError } from '../config/error.ts'
import { ConfigReader } from '../config/reader.ts'
import type { JsonSchema } from '../config/schema.ts'
import { type ConfigNode, parseTree, plain } from '../config/tree.ts'
import { CliError } from '../fail.ts'

/** One test of a test file. */
export interface RuleTest {
  readonly name: string
  /** Inline audit events, or the path of an audit log or capture. */
  readonly events: readonly unknown[] | string
  /** Alerts by rule; `some` = at least one. Rules that are not named must give none. */
  readonly expect: ReadonlyMap<string, number | 'some'>
}

export interface TestFile {
  readonly path: string
  readonly rules: readonly string[]
  readonly tests: readonly RuleTest[]
}

const SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    rules: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    tests: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: { name: { type: 'string' }, event: {}, events: { type: 'string' }, expect: { type: 'object' } },
        required: ['name', 'expect'],
      },
    },
  },
  required: ['tests'],
}

/** @throws {CliError | ConfigError} with the place, when it is not a test file */
export function readTestFile(path: string): TestFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError(`Could not read test file ${path}: ${(error as Error).message}`)
  }
  const tree = parseTree({ name: path, text })
  const [wrong] = checkSchema(tree, SCHEMA)
  if (wrong) throw new ConfigError(wrong.reason, wrong.place)
  if (tree.kind !== 'map') throw new ConfigError('a test file is a map with the keys rules and tests', tree.place)
  const reader = new ConfigReader(tree, {})
  const relative = (name: string) => (isAbsolute(name) ? name : join(dirname(path), name))
  return {
    path,
    rules: reader.strings('rules').map(relative),
    tests: reader.maps('tests').map(({ reader: test, place }) => {
      const events = test.node('events')
      const event = test.node('event')
      if (Boolean(events) === Boolean(event)) throw new ConfigError('a test needs either event or events', place)
      return {
        name: test.string('name', ''),
        events: event ? inlineEvents(event) : relative(test.string('events', '')),
        expect: new Map(Object.entries(test.table('expect')).map(([rule, count]) => [rule, expected(count, test)])),
      }
    }),
  }
}

/** An audit event, or a list of them. @throws {ConfigError} */
function inlineEvents(node: ConfigNode): unknown[] {
  try {
    return (node.kind === 'list' ? node.items : [node]).flatMap(item => parseAuditEvents(JSON.stringify(plain(item))))
  } catch (error) {
    throw new ConfigError((error as Error).message, node.place)
  }
}

function expected(count: string, test: ConfigReader): number | 'some' {
  if (count === 'some') return 'some'
  if (/^\d+$/.test(count)) return Number(count)
  throw new ConfigError(
    `what is expected of a rule is a number of alerts, or some; not "${count}"`,
    test.place('expect'),
  )
}
