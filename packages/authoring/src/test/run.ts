import { type Alert, type Engine, type Explanation, explanationText, type Source } from '@falc/engine'
import type { Expectation, RuleTest, See, Snapshot, TestResult } from './rule-test.ts'

/** The maximum number of alerts of one rule, and of unreadable events, that are shown. */
const SHOWN = 3

/**
 * Runs a test.
 * @param also is shown each event, too
 * @throws what reading its events throws
 */
export async function runTest(test: RuleTest, engine: Engine, also?: See): Promise<TestResult> {
  const start = performance.now()
  const sources = new Map<string, Source>(engine.options.sources.map(source => [source.name, source]))
  const alerts = new Map<string, Alert[]>()
  const lines: string[] = []
  const unreadable: string[] = []
  let seen = 0
  await test.play((name, event) => {
    seen++
    const source = sources.get(name)!
    const refused = source.check?.(event)
    if (refused === undefined) {
      also?.(name, event)
      for (const alert of engine.evaluate(source, event)) {
        const own = alerts.get(alert.rule)
        if (own) own.push(alert)
        else alerts.set(alert.rule, [alert])
        if (test.snapshot) lines.push(`${alert.rule}: ${alert.output}`)
      }
    } else if (unreadable.length < SHOWN) unreadable.push(`event ${seen} cannot be tested: ${refused}`)
  })
  const problems: string[] = []
  const { name, line, expect, snapshot } = test
  for (const rule of expect ? new Set([...expect.keys(), ...alerts.keys()]) : []) {
    const expected = expect?.get(rule) ?? { alerts: 0 }
    const given = alerts.get(rule) ?? []
    const problem =
      countProblem(rule, expected, given) ??
      contentProblem(rule, expected, given) ??
      (await reasonProblem(rule, expected, test, engine))
    if (problem === undefined) continue
    const missing = given.length === 0 || (expected.alerts !== 'some' && given.length < expected.alerts)
    const why = missing
      ? await nearest(rule, test, engine)
      : given
          .slice(0, SHOWN)
          .map(({ output }) => output)
          .join('\n')
    problems.push(why === '' ? problem : `${problem}\n${why.replace(/^(?=.)/gm, '    ')}`)
  }
  if (snapshot) problems.push(...snapshotProblems(snapshot, lines))
  const took = performance.now() - start
  const text = snapshot && lines.map(one => `${one}\n`).join('')
  return { name, line, problems: [...unreadable, ...problems], took, ...(snapshot && { alerts: text }) }
}

function snapshotProblems({ file, text }: Snapshot, lines: readonly string[]): string[] {
  if (text === undefined) return [`there is no ${file} yet: --update writes it`]
  const wanted = text.split('\n').filter(line => line !== '')
  const gone = without(wanted, lines)
  const come = without(lines, wanted)
  if (gone.length + come.length === 0) {
    const isSame = wanted.every((line, i) => line === lines[i])
    return isSame ? [] : [`the alerts of ${file} come in another order`]
  }
  const shown = [...some(gone, '-'), ...some(come, '+')].map(line => `\n    ${line}`)
  return [`the alerts differ from ${file}: ${gone.length} gone, ${come.length} new${shown.join('')}`]
}

/** The lines that are not among others, each as often as it is there more often. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>()
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1)
  return lines.filter(line => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

function some(lines: readonly string[], sign: string): string[] {
  const shown = lines.slice(0, SHOWN).map(line => `${sign} ${line}`)
  return lines.length > SHOWN ? [...shown, `${sign} … ${lines.length - SHOWN} more`] : shown
}

function countProblem(rule: string, { alerts }: Expectation, { length }: readonly Alert[]): string | undefined {
  if (alerts === 'some' ? length > 0 : length === alerts) return undefined
  return `${rule}: ${length === 1 ? '1 alert' : `${length} alerts`}, expected ${alerts === 0 ? 'none' : alerts}`
}

function contentProblem(rule: string, expected: Expectation, given: readonly Alert[]): string | undefined {
  const { output, fields, priority, tags } = expected
  if (output !== undefined && !given.some(alert => alert.output.includes(output)))
    return `${rule}: no alert has in its output: ${output}`
  if (priority !== undefined && !given.some(alert => alert.priority.toLowerCase() === priority.toLowerCase()))
    return `${rule}: priority is ${given[0]?.priority}, expected ${priority}`
  const missing = tags?.find(tag => !given.some(alert => alert.tags.includes(tag)))
  if (missing !== undefined) return `${rule}: no alert has the tag ${missing}`
  if (fields === undefined) return undefined
  const differing = (alert: Alert) =>
    Object.entries(fields).filter(([name, value]) => String(alert.output_fields[name]) !== value)
  if (given.some(alert => differing(alert).length === 0)) return undefined
  const [[name, value] = ['', '']] = given[0] ? differing(given[0]) : []
  const found = given[0]?.output_fields ?? {}
  return Object.hasOwn(found, name)
    ? `${rule}: ${name} is ${String(found[name])}, expected ${value}`
    : `${rule}: its output does not print ${name}, only ${Object.keys(found).join(', ')}`
}

/** The rule stays silent, but for another reason. */
async function reasonProblem(
  rule: string,
  { because }: Expectation,
  test: RuleTest,
  engine: Engine,
): Promise<string | undefined> {
  if (because === undefined) return undefined
  const explanation = (await nearestMiss(rule, test, engine))?.explanation
  const reasons = explanation?.nearestMiss?.changes.flatMap(({ text }) => text ?? []) ?? []
  if (explanation?.stoppedBy?.kind === 'exception') reasons.push(`exception ${explanation.stoppedBy.exception}`)
  if (reasons.some(reason => reason.includes(because))) return undefined
  const shown = reasons.length === 0 ? 'there is no reason to show' : reasons.join('; ')
  return `${rule}: silent, but not because of ${because}: ${shown}`
}

interface Miss {
  readonly explanation: Explanation
  /** Number of the event in the test, from 1. */
  readonly at: number
  readonly events: number
}

/** What the rule makes of the event that comes nearest to a match; undefined when it is of another source. */
async function nearestMiss(rule: string, test: RuleTest, engine: Engine): Promise<Miss | undefined> {
  let best: (Omit<Miss, 'events'> & { readonly distance: number }) | undefined
  let events = 0
  await test.play((source, event) => {
    events++
    let explanation: Explanation
    try {
      explanation = engine.explain(source, event, rule)
    } catch {
      // The rule is of another source.
      return
    }
    const distance = explanation.nearestMiss?.changes.length ?? Number.POSITIVE_INFINITY
    if (!explanation.alerts && (!best || distance < best.distance)) best = { explanation, at: events, distance }
  })
  return best && { ...best, events }
}

async function nearest(rule: string, test: RuleTest, engine: Engine): Promise<string> {
  const miss = await nearestMiss(rule, test, engine)
  if (!miss) return ''
  const which = miss.events > 1 ? `event ${miss.at} of ${miss.events} comes nearest\n` : ''
  return which + explanationText(miss.explanation, { brief: true }).trimEnd()
}
