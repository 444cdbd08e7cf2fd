import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Engine, type EngineOptions } from '../packages/engine/src/index.ts'
import { openCapture, playScene, type SyscallEvent, syscall } from '../packages/sources-syscall/src/index.ts'
import { readCases, UPDATE } from '../scripts/testing/cases.ts'
import { subjectOf, testSubjects } from './test/subject.ts'

/**
 * test/captures/NAME.txt: the alerts of examples/captures/NAME.scap.
 * test/cases/TOPIC.txt: `scene` (see docs/testing.md) and the `alerts` of all rules that match. The title says which rule a
 * case is about: `RULE, fires: what happens` when the rule is among the alerts, `RULE, stays: what happens` when it is not.
 */
const here = import.meta.dirname
const capturesFolder = join(here, 'test/captures')
const source = syscall()
const rules = { name: 'syscall.yaml', content: readFileSync(join(here, 'syscall.yaml'), 'utf8') }

function engineFor(options: Omit<EngineOptions, 'sources'>) {
  const engine = new Engine({ sources: [source], timeFormatIso8601: true, ...options })
  return { engine, report: engine.load([rules]) }
}
const { engine: all, report } = engineFor({ ruleMatching: 'all' })

/** `time rule: output` of each alert; scenes need no time. */
async function replay(engine: Engine, path: string, withTime: boolean): Promise<string[]> {
  const lines: string[] = []
  const capture = await openCapture(path)
  do {
    while (capture.next()) lines.push(...alertsOf(engine, capture.event, withTime))
  } while (await capture.fill())
  capture.close()
  return lines
}

function alertsOf(engine: Engine, event: SyscallEvent, withTime: boolean): string[] {
  return engine.evaluate('syscall', event).map(({ rule, output }) => {
    const [, time, text] = output.match(/^\S+T(\S+?)\+0000: (.*)$/s)!
    return `${withTime ? `${time} ` : ''}${rule}: ${text}`
  })
}

test('the rules load without errors or warnings', () => {
  expect(report.errors).toEqual([])
  expect(report.warnings).toEqual([])
})

test('every rule has MITRE tags, and its output has the container', () => {
  for (const { name, tags, output } of report.rules) {
    expect(
      tags.some(tag => tag.startsWith('mitre_')),
      name,
    ).toBe(true)
    expect(
      tags.some(tag => /^T\d{4}(\.\d{3})?$/.test(tag)),
      name,
    ).toBe(true)
    expect(output, name).toContain('container=%container.id')
  }
})

describe('captures', () => {
  const ways: [string, Omit<EngineOptions, 'sources'>][] = [
    ['by the JIT', {}],
    ['by the VM', { backend: 'vm' }],
    ['by walking every condition', { tuning: { index: false, memo: false, treeWalk: true } }],
  ]
  describe.each(ways)('%s', (way, options) => {
    test.each(['host-a', 'container-a'])('%s', async name => {
      const file = join(capturesFolder, `${name}.txt`)
      const { engine } = engineFor(options)
      const alerts = await replay(engine, join(here, `../examples/captures/${name}.scap`), true)
      const text = `${alerts.join('\n')}\n`
      if (UPDATE && way === ways[0]![0]) writeFileSync(file, text)
      expect(text).toBe(readFileSync(file, 'utf8'))
    })
  })
})

const files = readCases(new URL('test/cases/', import.meta.url))
const subjects = files.flatMap(({ cases }) => cases.map(subjectOf))

describe.each(files)('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const { rule, fires } = subjectOf(one)
    const alerts: string[] = []
    playScene(one.lines('scene'), event => void alerts.push(...alertsOf(all, event, false)))
    const text = alerts.join('\n')
    expect(
      alerts.some(alert => alert.startsWith(`${rule}: `)),
      text || 'no alert',
    ).toBe(fires)
    one.expect('alerts', text)
  })
})

testSubjects(report.rules, subjects)
