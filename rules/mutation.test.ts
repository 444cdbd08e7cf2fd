import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MutationRun, type RuleScore, type RuleTest, runTest, testable } from '../packages/authoring/src/index.ts'
import { readTestFile } from '../packages/cli/src/testing/test-file.ts'
import { Engine, type Source } from '../packages/engine/src/index.ts'
import { k8sAudit, parseAuditEvents } from '../packages/sources-k8saudit/src/index.ts'
import { playScene, syscall } from '../packages/sources-syscall/src/index.ts'
import { readCases } from '../scripts/testing/cases.ts'
import { auditEvent } from './test/request.ts'

/** The score that every rule must reach: see docs/testing.md. */
const LEAST = 0.9

const here = import.meta.dirname

function casesIn(
  folder: string,
  play: (one: ReturnType<typeof readCases>[number]['cases'][number]) => RuleTest['play'],
) {
  const cases = readCases(new URL(`test/${folder}/`, import.meta.url)).flatMap(file => file.cases)
  return cases.map(one => ({ one, play: play(one) }))
}

const LIBRARIES = [
  {
    library: 'syscall',
    source: testable(syscall()),
    cases: casesIn('cases', one => see => playScene(one.lines('scene'), event => see('syscall', event))),
  },
  {
    library: 'k8s_audit',
    source: testable(k8sAudit()),
    cases: casesIn('requests', one => see => {
      for (const event of parseAuditEvents(auditEvent(one.text('request'), one.text('body')))) see('k8s_audit', event)
    }),
  },
]

/** For a mutant that no test notices: where the rule was changed, and how. */
function unnoticed({ mutation, text, place, fate }: RuleScore['mutants'][number]): string[] {
  return fate === 'killed' ? [] : [`${place?.file}:${place?.line}:${place?.column}: ${mutation}: ${text}`]
}

describe.each(LIBRARIES)('$library', ({ library, source, cases }) => {
  const engine = new Engine({ sources: [source as Source], ruleMatching: 'all' })
  const files = [{ name: `${library}.yaml`, content: readFileSync(join(here, `${library}.yaml`), 'utf8') }]
  const { rules } = engine.load(files)
  const names = rules.map(rule => rule.name)
  const fromCases = cases.map(({ one, play }): RuleTest => {
    const alerts = one.lines('alerts').map(line => names.find(rule => line.startsWith(`${rule}: `))!)
    const expect = new Map<string, { alerts: number }>()
    for (const rule of alerts) expect.set(rule, { alerts: (expect.get(rule)?.alerts ?? 0) + 1 })
    return { name: one.title, play, expect }
  })
  const own = readTestFile(join(here, `test/fields/${library}.test.yaml`)).tests

  test('the tests of test/fields pass', async () => {
    const results = await Promise.all(own.map(one => runTest(one, engine)))
    expect(results.filter(({ problems }) => problems.length > 0)).toEqual([])
  })

  test(`the tests of each rule notice ${LEAST * 100} % of its mutants`, async () => {
    const run = new MutationRun(engine.analyse(files).rules, source.eventTypes)
    for (const { play, expect } of [...fromCases, ...own]) {
      await play((_, event) => run.see(event))
      run.end((rule, alerts) => alerts === (expect.get(rule)?.alerts ?? 0))
    }
    const scores = run.scores()
    expect(scores.map(({ rule }) => rule)).toEqual(names)
    const low = scores.filter(({ score }) => score < LEAST)
    expect(low.map(({ rule, score, mutants }) => [`${rule}: ${score}`, ...mutants.flatMap(unnoticed)])).toEqual([])
  })
})
