import type { Status } from '../shapes/index.ts'
import { ask, selection } from './api.ts'
import { useLoaded } from './load.ts'
import { grouped } from './numbers.ts'
import { go, view } from './state.ts'
import { moment } from './time.ts'

/** Shown when no alert matches; another time span may have some. */
export function Nothing() {
  const { range, to } = view.value
  const anyTime = { ...selection(view.value), since: undefined, until: undefined }
  const { data } = useLoaded(() => ask<Status>('status', anyTime), JSON.stringify(anyTime))
  const isBounded = range > 0 || to > 0
  if (!data || !isBounded || data.count === 0) return <p class="none">No alerts.</p>
  const span = data.from && data.to && { from: Date.parse(data.from), to: Date.parse(data.to) + 1 }
  return (
    <div class="none">
      <p>
        No alerts in this time. There are {!data.complete && 'at least '}
        {grouped(data.count)} at other times
        {span && `, between ${moment(span.from)} and ${moment(span.to)}`}.
      </p>
      <button type="button" class="main" onClick={() => go({ range: 0, from: 0, to: 0 })}>
        Show all of them
      </button>
    </div>
  )
}
