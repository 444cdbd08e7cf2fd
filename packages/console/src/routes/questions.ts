/** Queries over many alerts: counts, groups, histograms. */
import { isoTime } from '@falc/engine'
import type { Group, Query, StoreReader } from '@falc/store'
import { badRequest } from '../failure.ts'
import { byOf, groupingsOf, integerOf, SHOWN } from '../parameters.ts'
import type { Completeness, Facets, Histogram, Status, Top } from '../shapes/index.ts'
import { type Answer, type Call, MAX_WAIT_S, type Route, TIME_LIMIT_S } from './route.ts'
import { printed, selectionOf } from './shown.ts'
import type { Silences } from './silenced.ts'

const LIMIT = { type: 'integer', doc: 'Maximum number' } as const
const BY = {
  type: 'string',
  doc: 'rule, priority, source, host, namespace, tags, or any field of an alert',
  example: 'rule',
} as const
const WAIT = {
  type: 'integer',
  doc: `Seconds that the question may take, at most ${MAX_WAIT_S}; default ${TIME_LIMIT_S}`,
} as const
const MAX_COUNTS = 1000
/** Characters of an answer with alerts, and one alert more: each may have a megabyte. */
const MAX_BYTES = 8 * 1024 * 1024

/** What an answer says about itself; how many alerts there are is not for those who may see some of them. */
function completeness({ complete, looked }: Omit<Answer<unknown>, 'value'>, { who }: Call): Completeness {
  return { complete, ...(!complete && !who.namespaces && looked && { looked }) }
}

/** The question of most routes: a store, and which alerts. */
async function storeAndQuery(call: Call): Promise<[StoreReader, Query]> {
  const store = await call.reader(call.who)
  return [store, selectionOf(call, call.given, store)]
}

const top: Route = {
  ...{ method: 'GET', path: '/api/v1/top', scope: 'read', summary: 'The most frequent values of a field' },
  parameters: { ...SHOWN, by: BY, limit: LIMIT },
  async answer(call) {
    const by = byOf(call.given, call.source)
    if (by === undefined) throw badRequest('by is needed: rule, host, proc.name …')
    const limit = integerOf('limit', call.given, 20, MAX_COUNTS)
    const [store, query] = await storeAndQuery(call)
    const answer = await call.runFor(store.startTop(by, query, limit))
    return JSON.stringify({ counts: answer.value, ...completeness(answer, call) } satisfies Top)
  },
}

const histogram: Route = {
  ...{ method: 'GET', path: '/api/v1/histogram', scope: 'read', summary: 'How many alerts each step of time has' },
  parameters: { ...SHOWN, by: BY, step: { type: 'integer', doc: 'Seconds of a step, default 3600' } },
  async answer(call) {
    const step = BigInt(integerOf('step', call.given, 3600, 86_400 * 366)) * 1_000_000_000n
    const by = byOf(call.given, call.source)
    const [store, query] = await storeAndQuery(call)
    const answer = await call.runFor(store.startHistogram(by, query, step))
    const { value } = answer
    if (value.length > 20_000) throw badRequest('these are more than 20,000 steps: take longer ones, or less time')
    const bars = value.map(bar => ({ ...bar, time: isoTime(bar.time) }))
    return JSON.stringify({ bars, ...completeness(answer, call) } satisfies Histogram)
  },
}

const FACETS = 'rule,priority,source,host,namespace,tags'

const facets: Route = {
  ...{ method: 'GET', path: '/api/v1/facets', scope: 'read' },
  summary: 'The most frequent values of several fields',
  parameters: {
    ...SHOWN,
    fields: { type: 'string', doc: `Separated by commas, at most 20. Default: ${FACETS}` },
    limit: { ...LIMIT, doc: 'Maximum number of values of each; default 10' },
  },
  async answer(call) {
    const limit = integerOf('limit', call.given, 10, 100)
    const groupings = groupingsOf('fields', call.given, call.source, 20, FACETS)
    const [store, query] = await storeAndQuery(call)
    const found = await Promise.all(
      groupings.map(async ([field, by]) => {
        const answer = await call.runFor(store.startTop(by, query, limit))
        return { field, values: answer.value, ...completeness(answer, call) }
      }),
    )
    // What is said of all is what holds for the one that got least far.
    const least = found.reduce((a, b) => (shareOf(b) < shareOf(a) ? b : a))
    const facets = found.map(({ field, values }) => ({ field, values }))
    return JSON.stringify({ facets, ...completeness(least, call) } satisfies Facets)
  },
}

const shareOf = ({ complete, looked }: Completeness) =>
  complete ? 2 : looked ? looked.alerts / Math.max(1, looked.of) : 0

const groups: Route = {
  ...{ method: 'GET', path: '/api/v1/groups', scope: 'read' },
  summary: 'Alerts that are equal in some fields, as one: the most frequent first',
  parameters: {
    ...SHOWN,
    by: { ...BY, doc: 'One to three fields, separated by commas' },
    limit: LIMIT,
    wait: WAIT,
  },
  async answer(call) {
    const limit = integerOf('limit', call.given, 50, 500)
    const groupings = groupingsOf('by', call.given, call.source, 3)
    const [store, query] = await storeAndQuery(call)
    const by = groupings.map(([, grouping]) => grouping)
    const wait = integerOf('wait', call.given, TIME_LIMIT_S, MAX_WAIT_S)
    const answer = await call.runFor(store.startGroups(by, query, limit), wait)
    const { value } = answer
    const names = groupings.map(([name]) => name)
    const silences = call.silences(store)
    const texts: string[] = []
    let left = MAX_BYTES
    for (const group of value) {
      if (left < 0) break
      const text = printedGroup(group, names, store, silences)
      if (text === undefined) continue
      texts.push(text)
      left -= text.length
    }
    const whole = completeness({ complete: answer.complete && left >= 0, looked: answer.looked }, call)
    return `{"groups":[${texts.join(',')}],${JSON.stringify(whole).slice(1)}`
  },
}

function printedGroup(
  { values, count, open, first, last }: Group,
  names: readonly string[],
  store: StoreReader,
  silences: Silences,
): string | undefined {
  // Between the question and this, they may have been removed.
  const [earliest, latest] = [store.at(first), store.at(last)]
  if (!earliest || !latest) return undefined
  const named = Object.fromEntries(names.map((name, i) => [name, values[i]!]))
  const times = { first: isoTime(earliest.alert.time), last: isoTime(latest.alert.time) }
  const group = JSON.stringify({ values: named, count, open, ...times })
  return `${group.slice(0, -1)},"newest":${printed(latest, store, silences)}}`
}

const status: Route = {
  ...{ method: 'GET', path: '/api/v1/status', scope: 'read' },
  summary: 'How many alerts there are, the number of the last one, and their times',
  parameters: SHOWN,
  async answer(call) {
    const [store, query] = await storeAndQuery(call)
    const { value: count, complete } = await call.runFor(store.startCount(query))
    const span = store.span()
    const times = span && { from: isoTime(span.from), to: isoTime(span.to) }
    return JSON.stringify({ count, complete, last: store.last, ...times } satisfies Status)
  },
}

export const QUESTIONS: readonly Route[] = [top, histogram, facets, groups, status]
