import { existsSync, readdirSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { type Expectation, playAudit, playEvents, type RuleTest, type See, type Snapshot } from '@falc/authoring'
import { SourceText } from '@falc/engine'
import { parseAuditEvents } from '@falc/sources-k8saudit'
import { readScene, SceneError } from '@falc/sources-syscall'
import { ConfigError } from '../config/error.ts'
import { converted, integer, type Kind, list, mapOf, oneOrMore, text, type ValueOf } from '../config/kind.ts'
import { parseTree } from '../config/parse-tree.ts'
import { key, optional, section } from '../config/section.ts'
import { type ConfigNode, plain } from '../config/tree.ts'
import { CliError } from '../fail.ts'
import { kindOf, readFile } from '../read-file.ts'
import { isTestFile } from '../rules/files.ts'
import { playFile } from './play-file.ts'

export interface TestFile {
  readonly path: string
  readonly rules: readonly string[]
  readonly tests: readonly RuleTest[]
}

/** Plays a test's events in order. */
type Play = RuleTest['play']

/** A kind whose value is one map, or a list of them. */
function events(play: (parts: readonly Record<string, unknown>[]) => Play): Kind<Play> {
  return {
    schema: {},
    read(node: ConfigNode) {
      try {
        const nodes = node.kind === 'list' ? node.items : [node]
        return play(nodes.map(one => plain(one) as Record<string, unknown>))
      } catch (error) {
        throw new ConfigError((error as Error).message, node.place)
      }
    },
  }
}

/** Events by their fields, or audit events as in a log. */
const inlineEvents = events(parts => playEvents(parts, parseAuditEvents))

/** Audit events of which only the part that matters is given. */
const partialEvents = events(parts => playAudit(parts, parseAuditEvents))

const SCENE_TEXT = oneOrMore(text)

const scene: Kind<Play> = {
  schema: SCENE_TEXT.schema,
  read(node, at) {
    const lines = SCENE_TEXT.read(node, at)?.flatMap(part => part.split('\n')) ?? []
    try {
      const play = readScene(lines)
      return (see: See) => play(event => see('syscall', event))
    } catch (error) {
      if (!(error instanceof SceneError)) throw error
      const { source, offset } = node.place
      const found = source.content.indexOf(error.line, offset)
      throw new ConfigError(error.reason, found < 0 ? node.place : { source, offset: found, length: error.line.length })
    }
  },
}

const alertCount = (count: string, fail: (reason: string) => never): number | 'some' => {
  if (count === 'some') return 'some'
  return /^\d+$/.test(count) ? Number(count) : fail(`expected is a number of alerts, or some, not "${count}"`)
}

const DETAILS = section({
  alerts: key(converted(text, alertCount), 'some', 'A number, or some.'),
  output: optional(text, 'Must occur in the output of one of the alerts.'),
  fields: optional(mapOf(text), 'Output fields of one of the alerts.'),
  priority: optional(text, 'Priority of one of the alerts.'),
  tags: optional(oneOrMore(text), 'Tags of one of the alerts.'),
  because: optional(text, 'Why there is no alert: occurs in the check or exception that prevents it.'),
})

/** A reason is asked of a rule that stays silent. @throws {ConfigError} */
function detailed(details: ValueOf<typeof DETAILS>, node: ConfigNode & { kind: 'map' }): Expectation {
  if (details.because === undefined) return details
  if (node.entries.has('alerts') && details.alerts !== 0)
    throw new ConfigError('because is for rules without an alert', node.entries.get('alerts')!.key)
  return { ...details, alerts: 0 }
}

/** A number of alerts, or what they are like. */
const expected: Kind<Expectation> = {
  schema: {},
  read(node, at) {
    if (node.kind === 'map') return detailed(DETAILS.values(node, at), node)
    const alerts = converted(text, alertCount).read(node, at)
    return alerts === undefined ? undefined : { alerts }
  },
}

const SOURCES_OF_EVENTS = ['event', 'audit', 'scene', 'events', 'capture'] as const

const TEST = section(
  {
    name: key(text, '', 'Title of the test.'),
    event: optional(inlineEvents, 'An event by its fields, or an audit event as in a log; or a list of them.'),
    audit: optional(partialEvents, 'The part of an audit event that matters, or a list of them.'),
    scene: optional(scene, 'What happens on a machine, in lines.'),
    events: optional(text, 'The path of an audit log or a capture.'),
    capture: optional(text, 'The path of a capture.'),
    around: optional(integer(1), 'Only the events of the capture around the one of this number.'),
    expect: optional(mapOf(expected), 'Alerts by rule: a number, some, or alerts, output and fields.'),
    snapshot: optional(text, 'The path of a file that has all alerts: falc test --update writes it.'),
  },
  { required: ['name'] },
)

const sound = converted(TEST, (one, fail) => {
  const given = SOURCES_OF_EVENTS.filter(key => one[key] !== undefined)
  if (given.length === 0) fail(`a test needs one of ${SOURCES_OF_EVENTS.join(', ')}`)
  if (given.length > 1) fail(`a test has one of ${SOURCES_OF_EVENTS.join(', ')}, not ${given.join(' and ')}`)
  if (one.around !== undefined && one.capture === undefined) fail('around goes with capture')
  if (one.expect === undefined && one.snapshot === undefined) fail('a test needs expect or snapshot')
  return one
})

const test: Kind<ValueOf<typeof sound> & { readonly line: number }> = {
  schema: sound.schema,
  read(node, at) {
    const one = sound.read(node, at)
    return one && { ...one, line: node.place.source.place(node.place.offset).line }
  },
}

const FILE = section({
  rules: key(oneOrMore(text), [], 'Rules files.'),
  tests: optional(list(test), 'The tests.', { needed: 'a test file needs tests' }),
})

/** The test files of paths. A folder means all files below it, at any depth, whose names end in `.test.yaml`. @throws {CliError} */
export function testFiles(paths: readonly string[]): string[] {
  return paths.flatMap(path => {
    if (kindOf(path) !== 'folder') return [path]
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(isTestFile)
    if (names.length === 0) throw new CliError(`${path} has no files whose names end in .test.yaml`)
    return names.sort().map(name => join(path, name))
  })
}

/** By the first key of an item: files that are taken for test files. */
const HINTS: Readonly<Record<string, string>> = {
  test: '; this is a test of playbooks, which falc respond test runs',
  ...Object.fromEntries(
    ['rule', 'macro', 'list', 'required_engine_version', 'required_plugin_versions'].map(key => [
      key,
      '; this is a rules file, which belongs under rules',
    ]),
  ),
}

/** @throws {CliError | ConfigError} with its place, when it is not a valid test file */
export function readTestFile(path: string): TestFile {
  let content: string
  try {
    content = readFile(path).toString('utf8')
  } catch (error) {
    throw new CliError(`Could not read test file ${path}: ${(error as Error).message}`)
  }
  const tree = parseTree(new SourceText(path, content))
  if (tree.kind !== 'map') {
    // Which file it probably is, by the key that starts its first line.
    const [, key = ''] = /^- *(\w+):/m.exec(content) ?? []
    const hint = HINTS[key] ?? ''
    throw new ConfigError(`a test file is a map with the keys rules and tests${hint}`, tree.place)
  }
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
    tests: tests.map(({ name, line, event, audit, scene, events, capture, around, expect, snapshot }) => ({
      name,
      line,
      play: event ?? audit ?? scene ?? playFile(relative(events ?? capture!), around),
      expect: expect && new Map(Object.entries(expect)),
      snapshot: snapshot === undefined ? undefined : snapshotIn(relative(snapshot)),
    })),
  }
}

/** @throws {CliError} when the file is there and cannot be read */
function snapshotIn(file: string): Snapshot {
  try {
    return { file, text: existsSync(file) ? readFile(file).toString('utf8') : undefined }
  } catch (error) {
    throw new CliError(`Could not read the snapshot ${file}: ${(error as Error).message}`)
  }
}
