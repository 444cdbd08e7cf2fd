/** Alerts grouped by fields. */

import { useState } from 'preact/hooks'
import type { Groups } from '../shapes/index.ts'
import { ask, selection } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { FACET_FIELDS } from './facets.tsx'
import { fieldName } from './fields.ts'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { LongList } from './long-list.tsx'
import { Nothing } from './nothing.tsx'
import { grouped } from './numbers.ts'
import { partly } from './partly.ts'
import { shortTime } from './rows.tsx'
import { go, view } from './state.ts'
import { narrowed, START } from './url.ts'

type Group = Groups['groups'][number]

const REFRESH_MS = 10_000
/** Seconds that the console takes by default, and that it may take when asked to count all alerts. */
const [TIME_LIMIT_S, WAIT_S] = [2, 120]
const MAX_GROUPS = 200

export function GroupList({ id }: { id: string }) {
  const { group, filter } = view.value
  // Counting all alerts applies to this view only; another view has to request it again.
  const [whole, setWhole] = useState('')
  const isWhole = whole === id
  const load = (gone: AbortSignal) => {
    const wait = isWhole ? WAIT_S : undefined
    return ask<Groups>('groups', { ...selection(view.value), by: group, limit: MAX_GROUPS, wait }, gone)
  }
  const { data, error } = useLoaded(load, `${id} ${isWhole}`, REFRESH_MS)
  const nameOf = (by: string) => FACET_FIELDS[by] ?? fieldName(by)
  const inside = (values: Group['values']) => ({
    group: START.group,
    filter: Object.entries(values).reduce(
      (condition, [by, value]) => (value === null ? condition : narrowed(condition, nameOf(by), value, by === 'tags')),
      filter,
    ),
  })
  if (error !== undefined) return <ErrorLine text={error} />
  if (data?.complete && data.groups.length === 0) return <Nothing />
  return (
    <>
      {data && <Part groups={data} isAsked={isWhole} ask={isAsked => setWhole(isAsked ? id : '')} />}
      {data?.groups.length === MAX_GROUPS && <p class="hint">These are the {MAX_GROUPS} most frequent.</p>}
      <LongList
        items={data?.groups ?? []}
        label={`Alerts by ${group}`}
        line={one => <Line key={JSON.stringify(one.values)} group={one} choose={() => go(inside(one.values))} />}
      />
    </>
  )
}

/** How many alerts the counts cover; all are counted on request, which takes longer. */
function Part({ groups, isAsked, ask }: { groups: Groups; isAsked: boolean; ask: (isAsked: boolean) => void }) {
  const part = partly(groups)
  if (part === undefined) return null
  const { looked } = groups
  const times = looked && looked.of / Math.max(1, looked.alerts)
  if (times === 1) return <p class="hint">{part}</p>
  const about = times ? `: about ${grouped(Math.ceil(TIME_LIMIT_S * times))} s` : ''
  return (
    <p class="hint" role="status">
      {part} {isAsked ? `Counting all${about}. ` : ''}
      <button type="button" onClick={() => ask(!isAsked)}>
        {isAsked ? 'Stop' : 'Count all'}
      </button>
    </p>
  )
}

function Line({ group: { values, count, open, first, last, newest }, choose }: { group: Group; choose: () => void }) {
  return (
    <li class="row-line">
      <button type="button" class="group-line" onClick={choose}>
        <span class="times">×{grouped(count)}</span>
        <span class={`priority p-${newest.alert.priority}`}>{newest.alert.priority}</span>
        <span class="value">
          {Object.entries(values).map(([by, value]) => (
            <span key={by} class="part">
              {value === null ? <span class="hint">no {by}</span> : visible(cut(value, 120))}
            </span>
          ))}
        </span>
        <span class="count">
          {grouped(open)} open, {shortTime(first)} – {shortTime(last)}
        </span>
      </button>
    </li>
  )
}
