/** Runs the tests of rules on a worker thread, as `falc test` does, without the tests that need other files. */
import { type Expectation, playAudit, playEvents, type RuleTest, runTest, testable } from '@falc/authoring'
import { Engine } from '@falc/engine'
import { k8sAudit, parseAuditEvents } from '@falc/sources-k8saudit/source'
import { playScene, syscall } from '@falc/sources-syscall/browser'
import { parse } from 'yaml'
import type { RulesText, Tested } from './messages.ts'

const SOURCES = [syscall(), k8sAudit()].map(source => testable(source as never))
/** Tests that one file may have. */
const MAX_TESTS = 1000

type Given = Readonly<Record<string, unknown>>

/** @param tests files of tests; what is wrong with a file is a result, too */
export async function runTests(rules: readonly RulesText[], tests: readonly RulesText[]): Promise<Tested[]> {
  const engine = new Engine({ sources: SOURCES, backend: 'vm', ruleMatching: 'all' })
  const report = engine.load(rules)
  if (!report.ok) return []
  const known = new Set(report.rules.map(({ name }) => name))
  const results: Tested[] = []
  for (const { name: file, content } of tests) {
    try {
      for (const test of read(content)) results.push({ file, ...(await resultOf(test, engine, known)) })
    } catch (error) {
      results.push({ file, name: file, problems: [(error as Error).message] })
    }
  }
  return results
}

async function resultOf(given: Given, engine: Engine, known: ReadonlySet<string>): Promise<Omit<Tested, 'file'>> {
  const name = String(given.name ?? '')
  const outside = ['events', 'capture', 'snapshot'].find(key => given[key] !== undefined)
  if (outside !== undefined) return { name, problems: [], skipped: `its ${outside} are a file` }
  try {
    const expect = expected(given.expect)
    const missing = [...expect.keys()].find(rule => !known.has(rule))
    if (missing !== undefined) return { name, problems: [`there is no rule ${missing}`] }
    const { problems } = await runTest({ name, play: playOf(given), expect }, engine)
    return { name, problems }
  } catch (error) {
    return { name, problems: [(error as Error).message] }
  }
}

/** @throws {Error} */
function read(content: string): Given[] {
  const tests = (parse(content) as Given | null)?.tests
  if (!Array.isArray(tests) || !tests.every(isMap)) throw new Error('a test file is a map with a list of tests')
  if (tests.length > MAX_TESTS) throw new Error(`a test file has at most ${MAX_TESTS} tests here`)
  return tests
}

/** @throws {Error} */
function playOf({ event, audit, scene }: Given): RuleTest['play'] {
  if ([event, audit, scene].filter(one => one !== undefined).length !== 1)
    throw new Error('a test needs one of event, audit and scene')
  if (scene !== undefined) {
    const lines = listOf(scene).flatMap(part => String(part).split('\n'))
    return see => playScene(lines, one => see('syscall', one))
  }
  const parts = listOf(event ?? audit)
  if (!parts.every(isMap)) throw new Error('an event is a map')
  return event === undefined ? playAudit(parts, parseAuditEvents) : playEvents(parts, parseAuditEvents)
}

/** @throws {Error} */
function expected(given: unknown): Map<string, Expectation> {
  if (!isMap(given)) throw new Error('a test needs expect: alerts by rule')
  return new Map(Object.entries(given).map(([rule, one]) => [rule, expectation(one)]))
}

const KEYS = ['alerts', 'output', 'fields', 'priority', 'tags', 'because']

/** @throws {Error} */
function expectation(given: unknown): Expectation {
  if (!isMap(given)) return { alerts: countOf(given) }
  const unknown = Object.keys(given).find(key => !KEYS.includes(key))
  if (unknown !== undefined) throw new Error(`expect has no key ${unknown}: ${KEYS.join(', ')}`)
  const { alerts, output, fields, priority, tags, because } = given
  const textOf = (value: unknown) => (value === undefined ? undefined : String(value))
  return {
    ...{ alerts: because === undefined ? countOf(alerts ?? 'some') : 0, output: textOf(output) },
    ...{ priority: textOf(priority), because: textOf(because) },
    tags: tags === undefined ? undefined : listOf(tags).map(String),
    fields: isMap(fields)
      ? Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
      : undefined,
  }
}

/** @throws {Error} */
function countOf(given: unknown): Expectation['alerts'] {
  if (given === 'some' || (Number.isInteger(given) && (given as number) >= 0)) return given as Expectation['alerts']
  throw new Error(`expected is a number of alerts, or some, not ${JSON.stringify(given)}`)
}

const isMap = (value: unknown): value is Given => typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])
