/** What coverage guarantees: if every part of a rule decides in the tests, no mutant of the rule matches the same test events. */
import { Engine } from '@falc/engine'
import { evaluateTree } from '@falc/engine/analysis'
import { expect, test } from 'vitest'
import { processes, start } from '../../../examples/unit-test-rules/process.ts'
import { MutationRun } from '../src/mutate/mutation-run.ts'

const RULES = `
- list: shells
  items: [sh, bash]
- macro: interactive
  condition: (proc.tty > 0 or user.name = root)
- rule: nested
  desc: d
  condition: proc.name in (shells) and interactive and not (proc.pname = cron and proc.tty < 3)
  output: o
  priority: INFO
  source: process
  exceptions:
    - name: builds
      fields: [user.name]
      comps: [startswith]
      values: [[build]]
- rule: flat
  desc: d
  condition: proc.name = sh or proc.pname in (nginx, httpd, cron)
  output: o
  priority: INFO
  source: process
`
const engine = new Engine({ sources: [processes], ruleMatching: 'all' })
const files = [{ name: 'rules.yaml', content: RULES }]
expect(engine.load(files).errors).toEqual([])
const { rules } = engine.analyse(files)

const EVENTS = ['sh', 'bash', 'vi'].flatMap(name =>
  ['nginx', 'httpd', 'cron', 'sshd'].flatMap(parent =>
    ['root', 'ada', 'builder'].flatMap(user => [0, 1, 2, 3].map(tty => start({ name, parent, user, tty }))),
  ),
)

/** Sets of events of many sizes, the same in each run. */
function* samples(count: number) {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((seed / 2 ** 31) * below)
  }
  for (let i = 0; i < count; i++) yield Array.from({ length: 1 + random(90) }, () => EVENTS[random(EVENTS.length)]!)
}

test('a mutant is unseen exactly if it matches the same events as its rule, and never where all parts decide', () => {
  const outcomes = new Set<boolean>()
  for (const events of samples(150)) {
    const coverage = engine.coverage(processes)
    const run = new MutationRun(rules, undefined)
    for (const event of events) {
      coverage.record(event)
      run.see(event)
    }
    run.end(() => true)
    for (const { rule, mutants } of run.scores()) {
      const { node } = rules.find(one => one.rule.name === rule)!
      for (const { fate, node: mutant, mutation, text } of mutants) {
        const differs = events.some(event => evaluateTree(mutant, event) !== evaluateTree(node, event))
        expect(fate === 'unseen', `${rule}: ${mutation}: ${text}`).toBe(!differs)
      }
      const isCovered = !coverage.untested().some(part => part.rule === rule)
      outcomes.add(isCovered)
      if (isCovered) expect(mutants.filter(({ fate }) => fate === 'unseen')).toEqual([])
    }
  }
  expect(outcomes).toEqual(new Set([true, false]))
})
