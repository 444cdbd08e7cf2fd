/** Rules: how often each fires, its text, and the explanation of an alert. */
import { isoTime, type LoadedRule } from '@falc/engine'
import { printCondition, walk } from '@falc/engine/analysis'
import { groupingOf, type StoreReader } from '@falc/store'
import { clausesOf, explainAlert } from '../clauses.ts'
import { Refused } from '../failure.ts'
import { queryOf, SELECTING } from '../parameters.ts'
import type { RuleDetail, RuleSummary, Rules } from '../shapes/index.ts'
import { alertOf } from './alerts.ts'
import type { Call, Route } from './route.ts'

const PERIOD = { since: SELECTING.since, until: SELECTING.until }
const MAX_RULES = 10_000

const list: Route = {
  ...{ method: 'GET', path: '/api/v1/rules', scope: 'read' },
  summary: 'The rules, how often each has fired in a period, and when last',
  parameters: PERIOD,
  async answer(call) {
    const { files, rules, eventTypes, problems } = call.rulebook.open()
    const store = await call.reader(call.who)
    const [hits, complete] = await hitsOf(call, store)
    const names = new Set([...rules.keys(), ...hits.keys()])
    const all = Array.from(names, name => summary(name, hits.get(name), rules.get(name), eventTypes.get(name)))
    return JSON.stringify({ files: files.map(({ name }) => name), rules: all, problems, complete } satisfies Rules)
  },
}

type Hits = Pick<RuleSummary, 'hits' | 'falsePositives' | 'last'>

async function hitsOf(call: Call, store: StoreReader): Promise<[Map<string, Hits>, complete: boolean]> {
  const query = queryOf(call.given, call.source)
  const by = [groupingOf('rule', call.source)]
  const [all, wrong] = await Promise.all([
    call.runFor(store.startGroups(by, query, MAX_RULES)),
    call.runFor(store.startGroups(by, { ...query, states: ['false_positive'] }, MAX_RULES)),
  ])
  const falsePositives = new Map(wrong.value.map(({ values, count }) => [values[0], count]))
  const hits = all.value.map(({ values: [name], count, last }) => {
    const latest = store.at(last)?.alert.time
    const found: Hits = {
      ...{ hits: count, falsePositives: falsePositives.get(name!) ?? 0 },
      ...(latest !== undefined && { last: isoTime(latest) }),
    }
    return [name ?? '', found] as const
  })
  return [new Map(hits), all.complete && wrong.complete]
}

function summary(name: string, hits: Hits | undefined, rule?: LoadedRule, eventTypes?: readonly string[]): RuleSummary {
  const loaded = rule && { ...loadedOf(rule), checks: checksOf(rule), ...(eventTypes && { eventTypes }) }
  return { name, ...(hits ?? { hits: 0, falsePositives: 0 }), ...(loaded && { loaded }) }
}

/** Checks of a condition, those that are equal once: the engine evaluates them once, too. */
function checksOf({ condition }: LoadedRule): number {
  let count = CHECKS.get(condition)
  if (count === undefined) {
    const checks = new Set<string>()
    walk(condition, node => void (node.kind === 'check' && checks.add(printCondition(node))))
    CHECKS.set(condition, (count = checks.size))
  }
  return count
}

const CHECKS = new WeakMap<LoadedRule['condition'], number>()

function loadedOf({ source, priority, enabled, tags, desc, locations }: LoadedRule) {
  const [file, ...inner] = locations
  const at = inner.at(-1) ?? file
  const place = { file: file?.position.name ?? '', line: at?.position.line ?? 1, column: at?.position.column ?? 1 }
  return { source, priority, enabled, tags, description: desc, place }
}

const one: Route = {
  ...{ method: 'GET', path: '/api/v1/rules/{id}', scope: 'read' },
  summary: 'A rule by its name: its text after all overrides, and where each clause was written',
  parameters: PERIOD,
  async answer(call) {
    const { rules, eventTypes } = call.rulebook.open()
    const rule = rules.get(call.id)
    const store = await call.reader(call.who)
    const [all] = await hitsOf(call, store)
    const hits = all.get(call.id)
    if (!rule && !hits) throw new Refused(404, 'rule', 'there is no such rule')
    return JSON.stringify({
      ...summary(call.id, hits, rule, eventTypes.get(call.id)),
      ...(rule && textOf(rule)),
    } satisfies RuleDetail)
  },
}

function textOf(rule: LoadedRule) {
  const { conditionText, output, exceptions, macros, lists } = rule
  return {
    ...{ condition: clausesOf(rule), conditionText, output, macros, lists },
    exceptions: exceptions.map(({ name, fields, place: { file, line, column } }) => ({
      ...{ name, fields, place: { file, line, column } },
    })),
  }
}

const why: Route = {
  ...{ method: 'GET', path: '/api/v1/alerts/{id}/why', scope: 'read' },
  summary: 'Why a rule raised an alert: each clause with its value and place',
  parameters: {},
  async answer(call) {
    const [, { alert }] = await alertOf(call)
    const rule = call.rulebook.open().rules.get(alert.rule)
    if (!rule) throw new Refused(404, 'rule', 'the rule is in none of the console’s files')
    return JSON.stringify(explainAlert(rule, alert, call.conditions))
  },
}

export const RULES: readonly Route[] = [list, one, why]
