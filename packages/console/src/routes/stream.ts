/** The next alerts of a stream. */
import { integerOf, SHOWN } from '../parameters.ts'
import type { Route } from './route.ts'
import { printed, selectionOf } from './shown.ts'

/** Alerts that one look sends. */
const PAGE = 200
/** A client that is further behind gets only the newest, and a note that some are missing. */
const MAX_BEHIND = 2000

/** What a client gets: events, and the number of the last alert that they are about. */
export interface Look {
  readonly text: string
  readonly after: number
}

/** The server asks for it again and again, and answers with a stream. */
export const STREAM: Route = {
  ...{ method: 'GET', path: '/api/v1/stream', scope: 'read', summary: 'Alerts as they arrive, as server-sent events' },
  parameters: {
    ...{ filter: SHOWN.filter, q: SHOWN.q, state: SHOWN.state, assignee: SHOWN.assignee, silenced: SHOWN.silenced },
    after: { type: 'integer', doc: 'The number of the last alert that is known' },
  },
  async answer(call) {
    const store = await call.reader(call.who)
    const query = selectionOf(call, call.given, store)
    const { last } = store
    const given = call.given.get('after')
    const after = given === '0' ? 0 : given === null ? last : integerOf('after', call.given, 1, Number.MAX_SAFE_INTEGER)
    // Another store has taken the place of this one.
    let from = last < after ? 0 : after
    let text = ''
    if (last - from > MAX_BEHIND) {
      text = `event: gap\ndata: {"skipped":${last - PAGE - from}}\n\n`
      from = last - PAGE
    }
    if (last === from) return JSON.stringify({ text, after: from } satisfies Look)
    const silences = call.silences(store)
    // What arrives from now on is for the next look, which begins after `last`.
    const rows = { after: from, before: last + 1, oldest: true }
    const { value } = await call.runFor(store.startPage(query, rows, PAGE))
    for (const found of value.alerts)
      text += `id: ${found.seq}\nevent: alert\ndata: ${printed(found, store, silences)}\n\n`
    return JSON.stringify({ text, after: value.next ?? last } satisfies Look)
  },
}
