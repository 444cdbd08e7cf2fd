/** Silences: conditions that mark matching alerts for a time. */
import { isoTime } from '@falc/engine'
import { type NewSilence as Kept, planSilence, type Silence as Stored, type StoreReader } from '@falc/store'
import { badRequest, Refused } from '../failure.ts'
import { aboutFilter, affordable, timeIn } from '../parameters.ts'
import type { NewSilence, Silence } from '../shapes/index.ts'
import { bodyOf, LONG, LONGER, text } from './body.ts'
import type { Call, Route } from './route.ts'
import { timeOf } from './shown.ts'

const MS = 1_000_000n

const list: Route = {
  ...{ method: 'GET', path: '/api/v1/silences', scope: 'read' },
  summary: 'The silences, those that ended, too, and how many alerts each covers',
  parameters: {},
  async answer(call) {
    const store = await call.reader(call.who)
    const silences = await Promise.all(store.silences().map(one => shown(one, store, call)))
    return JSON.stringify({ silences })
  },
}

async function shown(silence: Stored, store: StoreReader, call: Call): Promise<Silence> {
  const { id, condition, since, until, author, reason, created } = silence
  const plan = call.silences(store).planOf(silence)
  const counted = plan
    ? await call.runFor(store.startCount({ condition: plan, since, until }))
    : { value: 0, complete: true }
  return {
    ...{ id, condition, from: isoTime(since), until: isoTime(until), author, reason, created: timeOf(created) },
    ...{ count: counted.value, complete: counted.complete },
  }
}

const add: Route = {
  ...{ method: 'POST', path: '/api/v1/silences', scope: 'triage' },
  summary: 'Begins a silence: the alerts that it covers stay, and are marked',
  parameters: {},
  body: '`{"condition", "from", "until", "reason"}`; `from` is now if it is left out',
  async answer(call) {
    const given = bodyOf<NewSilence>(call.body, {
      ...{ condition: text(LONGER), from: text(LONG), until: text(LONG), reason: text(LONG) },
    })
    for (const key of ['condition', 'until', 'reason'] as const) if (!given[key]) throw badRequest(`${key} is needed`)
    const { reason } = given
    const condition = aboutFilter(() => affordable(given.condition))
    const since = given.from === undefined ? BigInt(Date.now()) * MS : timeIn(given.from, 'from')
    const until = timeIn(given.until, 'until')
    if (until <= since) throw badRequest('until is after from')
    const { name: author, namespaces } = call.who
    const silence: Kept = { condition, since, until, author, reason, namespaces }
    aboutFilter(() => planSilence(silence, call.source))
    const id = (await call.store()).silence(silence)
    const store = await call.reader(call.who)
    return JSON.stringify(await shown(own(store, id), store, call))
  },
}

const end: Route = {
  ...{ method: 'DELETE', path: '/api/v1/silences/{id}', scope: 'triage', summary: 'Ends a silence now' },
  parameters: {},
  async answer(call) {
    const store = await call.reader(call.who)
    const { id } = own(store, Number(call.id))
    ;(await call.store()).endSilence(id)
    return JSON.stringify(await shown(own(store, id), store, call))
  },
}

/** A silence that the caller may see. @throws {Refused} */
function own(store: StoreReader, id: number): Stored {
  const found = store.silences().find(one => one.id === id)
  if (!found) throw new Refused(404, 'silence', 'there is no such silence')
  return found
}

export const SILENCES: readonly Route[] = [list, add, end]
