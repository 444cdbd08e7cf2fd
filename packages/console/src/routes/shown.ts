/** Alerts in the form that lists show. */
import { allOf, noneOf, type Query, type StoredAlert, type StoreReader } from '@falc/store'
import { badRequest } from '../failure.ts'
import { queryOf } from '../parameters.ts'
import type { Triage } from '../shapes/index.ts'
import type { Call } from './route.ts'
import type { Silences } from './silenced.ts'

/** The alerts that a list shows. @throws {Refused} */
export function selectionOf({ source, silences }: Call, given: URLSearchParams, store: StoreReader): Query {
  const query = queryOf(given, source)
  const silenced = given.get('silenced') ?? ''
  if (silenced === '') return query
  if (silenced !== 'no' && silenced !== 'only') throw badRequest('silenced is no or only')
  const { all, cover } = silences(store)
  if (silenced === 'no' && all.length === 0) return query
  const wanted = silenced === 'only' ? cover : noneOf(cover)
  return { ...query, condition: query.condition ? allOf([query.condition, wanted]) : wanted }
}

/** An alert as lists have it. The alert itself is text: numbers keep all their digits. */
export function printed({ seq, body, alert }: StoredAlert, store: StoreReader, silences: Silences, more = ''): string {
  const triage = triageOf(store, seq)
  const covering = silences.covering(alert)
  const marks = [
    ...(triage ? [`"triage":${JSON.stringify(triage)}`] : []),
    ...(covering.length > 0 ? [`"silences":${JSON.stringify(covering)}`] : []),
  ]
  return `{"seq":${seq},"alert":${body}${marks.map(mark => `,${mark}`).join('')}${more}}`
}

/** @param ms since 1970 */
export const timeOf = (ms: number) => new Date(ms).toISOString()

function triageOf(store: StoreReader, seq: number): Triage | undefined {
  const found = store.triage(seq)
  if (!found) return undefined
  const { state, reason, assignee, author, changed, notes } = found
  return {
    state,
    ...(reason !== undefined && { reason }),
    ...(assignee !== undefined && { assignee }),
    ...{ by: author, at: timeOf(changed), notes },
  }
}
