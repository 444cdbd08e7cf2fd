/** Exceptions: proposals with the number of alerts that each would remove, and writing one. */
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import {
  type AlertData,
  ConditionError,
  compileCondition,
  parseCondition,
  printCondition,
  type Source,
} from '@falc/engine'
import { fieldTable } from '@falc/engine/analysis'
import { readFile } from '@falc/outputs/read-file'
import {
  allOf,
  noneOf,
  type PlannedCondition,
  planCondition,
  type Query,
  type RunningQuery,
  type StoreReader,
} from '@falc/store'
import { candidatesOf, conditionOf, nameFor, Ranking, yamlOf } from '../exception.ts'
import { badRequest, Refused } from '../failure.ts'
import { aboutFilter, timeIn, timeOf } from '../parameters.ts'
import type { Exception, Part, Proposals, Tested, Tuned } from '../shapes/index.ts'
import { bodyOf, LONG, LONGER, listOf, NAME, object, oneOf, text } from './body.ts'
import type { Call, Route } from './route.ts'
import { printed } from './shown.ts'

const MAX_PROPOSALS = 40
const WEEK = 7n * 86_400_000_000_000n

const propose: Route = {
  ...{ method: 'GET', path: '/api/v1/tune', scope: 'read' },
  summary: 'Exceptions that an alert suggests, by how many alerts of its rule they would remove',
  parameters: {
    id: { type: 'string', doc: 'The alert. Default: the newest of the rule' },
    rule: { type: 'string', doc: 'The rule, without an alert' },
    since: { type: 'string', doc: 'Only alerts from this time on. Default: the last 7 days' },
  },
  async answer(call) {
    const store = await call.reader(call.who)
    const model = modelOf(call, store)
    const rule = call.rulebook.open().rules.get(model.rule)
    const table = fieldTable(call.source)
    const isField = (name: string) => table.lookup(...split(name)) !== undefined
    const parts = candidatesOf(model, isField)
    const ranking = new Ranking(parts, condition => testOf(condition, call.source))
    const { complete } = await call.runFor(rank(ranking, store, ofRule(call, model.rule, sinceOf(call))))
    const proposals = ranking.ranked(MAX_PROPOSALS)
    const answer: Proposals = { rule: rule?.name ?? model.rule, total: ranking.total, proposals, complete }
    return JSON.stringify(answer)
  },
}

/** undefined: a value is too long for a condition, or none of its field's type */
function testOf(condition: string, source: Source<AlertData>): ((alert: AlertData) => boolean) | undefined {
  try {
    const compiled = compileCondition(condition, source)
    return alert => compiled.test(alert)
  } catch (error) {
    if (error instanceof ConditionError) return undefined
    throw error
  }
}

/** `name[arg]` */
function split(name: string): [name: string, arg?: string] {
  const [, base, arg] = /^([^[]+)\[(.*)\]$/.exec(name) ?? []
  return base === undefined ? [name] : [base, arg]
}

/** The alert that an exception is made from. @throws {Refused} */
function modelOf({ given, source }: Call, store: StoreReader): AlertData {
  const [id, rule] = [given.get('id'), given.get('rule')]
  if (!id && !rule) throw badRequest('id or rule is needed')
  const condition = rule ? aboutFilter(() => planCondition(isRule(rule), source)) : undefined
  const [found] = id ? store.get(id) : store.search({ condition }, { part: 4096 })
  if (!found) throw new Refused(404, 'alert', id ? 'there is no such alert' : 'no alert of this rule is stored')
  return found.alert
}

const sinceOf = ({ given }: Call) => timeOf('since', given) ?? weekAgo()
const weekAgo = () => BigInt(Date.now()) * 1_000_000n - WEEK

function ofRule({ source }: Call, rule: string, since: bigint): Query & { condition: PlannedCondition } {
  return { condition: aboutFilter(() => planCondition(isRule(rule), source)), since }
}

/** The name of a rule is any text. */
const isRule = (text: string) =>
  printCondition({
    kind: 'check',
    left: { kind: 'field', name: 'alert.rule' },
    op: '=',
    right: { kind: 'literal', text },
  })

/** Alerts that one step ranks: some milliseconds. */
const STEP = 500

function rank(ranking: Ranking, store: StoreReader, query: Query): RunningQuery<undefined> {
  let before: number | undefined
  let complete = false
  const step = () => {
    const page = store.startPage(query, { before }, STEP)
    while (page.step());
    for (const { alert, seq } of page.value.alerts) {
      const state = store.triage(seq)?.state
      ranking.add(alert, state === 'false_positive' ? 'falsePositives' : state && state !== 'open' ? 'kept' : undefined)
    }
    before = page.value.next
    complete = before === undefined
    return !complete
  }
  return {
    step,
    value: undefined,
    get complete() {
      return complete
    },
  }
}

const OPERATORS: readonly Part['op'][] = ['=', 'in', 'startswith', 'endswith', 'contains']

/** @throws {Refused} */
function exceptionIn({ body, source }: Call): Exception & { readonly condition: PlannedCondition } {
  const part = object({ field: text(NAME), op: oneOf(OPERATORS), values: listOf(text(LONGER), 100) })
  const given = bodyOf<Exception>(body, {
    ...{ rule: text(LONG), name: text(NAME), since: text(LONG), parts: listOf(part, 4) },
  })
  if (!given.rule || !given.parts) throw badRequest('rule and parts are needed')
  for (const { field, op, values } of given.parts) {
    if (!field || !op || !values) throw badRequest('a part has field, op and values')
    const parsed = aboutFilter(() => parseCondition(`${field} exists`))
    if (parsed.kind !== 'check' || parsed.left.kind !== 'field') throw badRequest(`${field} is not a field`)
  }
  return {
    ...given,
    condition: aboutFilter(() => planCondition(conditionOf(given.parts), source as Source<AlertData>)),
  }
}

const MAX_STAYING = 100

const testIt: Route = {
  ...{ method: 'POST', path: '/api/v1/tune/test', scope: 'read' },
  summary: 'Tests an exception on the stored alerts of its rule',
  parameters: {},
  body: '`{"rule", "name", "parts": [{"field", "op", "values"}], "since"}`',
  async answer(call) {
    const exception = exceptionIn(call)
    const since = exception.since === undefined ? weekAgo() : timeIn(exception.since, 'since')
    const store = await call.reader(call.who)
    const all = ofRule(call, exception.rule, since)
    const removed = { ...all, condition: allOf([all.condition, exception.condition]) }
    const staying = { ...all, condition: allOf([all.condition, noneOf(exception.condition)]) }
    // Both are counted: where there is no time for all alerts, the difference to a total says nothing.
    const [gone, stay, page] = await Promise.all([
      call.runFor(store.startCount(removed)),
      call.runFor(store.startCount(staying)),
      call.runFor(store.startPage(staying, {}, MAX_STAYING)),
    ])
    const { yaml, problems } = itemOf(call, exception)
    const counts = { total: gone.value + stay.value, removes: gone.value, stay: stay.value }
    const told = JSON.stringify({
      ...{ ...counts, yaml, problems, complete: gone.complete && stay.complete && page.complete },
    } satisfies Omit<Tested, 'staying'>)
    const silences = call.silences(store)
    return `${told.slice(0, -1)},"staying":[${page.value.alerts.map(one => printed(one, store, silences)).join(',')}]}`
  },
}

function itemOf({ rulebook }: Call, exception: Exception): { yaml: string; problems: string[] } {
  const rule = rulebook.open().rules.get(exception.rule)
  const yaml = yamlOf(exception, nameFor(exception, rule))
  if (!rule) return { yaml, problems: ['the rule is in none of the console’s files'] }
  return { yaml, problems: rulebook.problemsWith(`\n${yaml}`, rulebook.localRules) }
}

const write: Route = {
  ...{ method: 'POST', path: '/api/v1/tune', scope: 'admin', whole: true },
  summary: 'Adds an exception to the local rules file',
  parameters: {},
  body: 'As for `/api/v1/tune/test`',
  async answer(call) {
    const exception = exceptionIn(call)
    const file = call.rulebook.localRules
    if (file === undefined)
      throw new Refused(409, 'no-file', 'the console was given no local rules file: take the YAML')
    const { yaml, problems } = itemOf(call, exception)
    if (problems.length > 0) throw new Refused(409, 'rules', `the rules would not load: ${problems[0]}`)
    append(file, `# by ${call.who.name.replaceAll(/[^\w@.-]/g, '?')}, ${new Date().toISOString()}\n${yaml}`)
    return JSON.stringify({ file, yaml } satisfies Tuned)
  },
}

/** A concurrent reader of the file sees the whole change, or nothing. */
function append(file: string, item: string): void {
  const old = statSync(file, { throwIfNoEntry: false })
  const text = old ? readFile(file).toString('utf8') : ''
  // A link stays one: the file that it names is replaced.
  const target = old ? realpathSync(file) : file
  const next = `${target}.new`
  try {
    writeFileSync(next, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${item}`, { mode: old?.mode ?? 0o644 })
    renameSync(next, target)
  } catch (error) {
    rmSync(next, { force: true })
    throw new Refused(409, 'file', (error as Error).message)
  }
}

export const TUNE: readonly Route[] = [propose, testIt, write]
