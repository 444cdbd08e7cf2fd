/** Alerts and their triage. */
import { type Query, STATES, type StoredAlert, type StoreReader, type TriageChange } from '@falc/store'
import { badRequest, Refused } from '../failure.ts'
import { integerOf, SHOWN } from '../parameters.ts'
import type { Change, Changed, Note } from '../shapes/index.ts'
import { bodyOf, type Field, LONG, LONGER, NAME, object, oneOf, text } from './body.ts'
import type { Call, Route } from './route.ts'
import { printed, selectionOf, timeOf } from './shown.ts'

const MAX_PAGE = 1000
const LIMIT = { type: 'integer', doc: 'Maximum number' } as const

const search: Route = {
  ...{ method: 'GET', path: '/api/v1/alerts', scope: 'read', summary: 'Alerts, the one that arrived last first' },
  parameters: { ...SHOWN, limit: LIMIT, cursor: { type: 'integer', doc: '`next` of the page before' } },
  async answer(call) {
    const { given, who } = call
    const limit = integerOf('limit', given, 100, MAX_PAGE)
    const before = given.has('cursor') ? integerOf('cursor', given, 1, Number.MAX_SAFE_INTEGER) : undefined
    const store = await call.reader(who)
    // Read before the search: a stream after it has what arrives during the search.
    const { last } = store
    const { value } = await call.runFor(store.startPage(selectionOf(call, given, store), { before }, limit))
    const silences = call.silences(store)
    const list = value.alerts.map(one => printed(one, store, silences)).join(',')
    return `{"alerts":[${list}],"next":${value.next ?? null},"last":${last}}`
  },
}

const one: Route = {
  ...{ method: 'GET', path: '/api/v1/alerts/{id}', scope: 'read' },
  summary: 'An alert by its ID, or by its first digits, with its notes',
  parameters: {},
  async answer(call) {
    const [store, found] = await alertOf(call)
    const notes = store
      .notes(found.seq)
      .map(({ author, written, text }): Note => ({ by: author, at: timeOf(written), text }))
    return printed(found, store, call.silences(store), `,"notes":${JSON.stringify(notes)}`)
  },
}

/** The alert that a path names. @throws {Refused} */
export async function alertOf({ id, who, reader }: Call): Promise<[StoreReader, StoredAlert]> {
  const store = await reader(who)
  const [found] = store.get(id)
  if (!found) throw new Refused(404, 'alert', 'there is no such alert')
  return [store, found]
}

/** Alerts that one request changes. */
const MAX_CHANGED = 1000
/** Such that it need not be sent again for each thousand. */
const MAX_SELECTED = 10_000

const CHANGE: Record<keyof Change, Field> = {
  ids: (value, name) => {
    if (!Array.isArray(value) || value.length > MAX_CHANGED || !value.every(id => /^[0-9a-f]{32}$/.test(String(id))))
      throw badRequest(`${name} are at most ${MAX_CHANGED} IDs`)
    return value
  },
  select: object(Object.fromEntries(Object.keys(SHOWN).map(name => [name, text(LONGER)]))),
  state: oneOf(STATES),
  reason: text(LONG),
  assignee: (value, name) => (value === null ? null : text(NAME)(value, name)),
  note: text(LONGER),
}

const change: Route = {
  ...{ method: 'PATCH', path: '/api/v1/alerts', scope: 'triage' },
  summary: 'Changes state, assignee or notes of alerts: of those with some IDs, or of those that a list shows',
  parameters: {},
  body: '`{"ids": […]}` or `{"select": {"filter", "q", "since", "until", "state", …}}`, with `state`, `reason`, `assignee`, `note`',
  async answer(call) {
    const { ids, select, state, reason, assignee, note } = bodyOf<Change>(call.body, CHANGE)
    if ((ids === undefined) === (select === undefined)) throw badRequest('either ids or select is needed')
    if (state === undefined && assignee === undefined && note === undefined)
      throw badRequest('state, assignee or note is needed')
    if ((state === 'closed' || state === 'false_positive') && !reason) throw badRequest(`${state} needs a reason`)
    const store = await call.reader(call.who)
    const [seqs, more] = ids ? [numbersOf(store, ids), false] : await selected(call, store, select!, state)
    const decided: TriageChange = { author: call.who.name, state, reason, assignee, note }
    const changed = (await call.store()).change(seqs, decided)
    return JSON.stringify({ changed, more } satisfies Changed)
  },
}

/** The alerts that the caller may see. */
function numbersOf(store: StoreReader, ids: readonly string[]): number[] {
  return [...new Set(ids)].flatMap(id => store.get(id).map(({ seq }) => seq))
}

async function selected(
  call: Call,
  store: StoreReader,
  select: NonNullable<Change['select']>,
  state: Change['state'],
): Promise<[seqs: number[], more: boolean]> {
  const shown: Query = selectionOf(call, new URLSearchParams(Object.entries(select)), store)
  // Those already in that state need no change: a repeated request continues with the others.
  const states = state && (shown.states ?? STATES).filter(one => one !== state)
  const { value } = await call.runFor(store.startPage({ ...shown, ...(states && { states }) }, {}, MAX_SELECTED))
  const isPart = value.next !== undefined
  // Nothing marks those that have a note or an assignee already, so a repeated request would not continue with the others.
  if (isPart && state === undefined)
    throw badRequest(`an assignee or a note is for all that are selected: select fewer than ${MAX_SELECTED} alerts`)
  if (isPart && value.alerts.length === 0)
    throw badRequest('no such alert was found in time: narrow the condition or the time')
  return [value.alerts.map(({ seq }) => seq), isPart]
}

export const ALERTS: readonly Route[] = [search, one, change]
