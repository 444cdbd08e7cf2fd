/** Alerts that are equal in some fields, as one. */
import type { Groups } from '../shapes/index.ts'
import { ask, selection } from './api.ts'
import { FACET_FIELDS } from './facets.tsx'
import { fieldName } from './fields.ts'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { LongList } from './long-list.tsx'
import { Nothing } from './nothing.tsx'
import { shortTime } from './rows.tsx'
import { go, view } from './state.ts'
import { narrowed, START } from './url.ts'

type Group = Groups['groups'][number]

const REFRESH_MS = 10_000

export function GroupList({ id }: { id: string }) {
  const { group, filter } = view.value
  const load = () => ask<Groups>('groups', { ...selection(view.value), by: group, limit: 200 })
  const { data, error } = useLoaded(load, id, REFRESH_MS)
  const nameOf = (by: string) => FACET_FIELDS[by] ?? fieldName(by)
  const inside = (values: Group['values']) => ({
    group: START.group,
    filter: Object.entries(values).reduce(
      (condition, [by, value]) => (value === null ? condition : narrowed(condition, nameOf(by), value, by === 'tags')),
      filter,
    ),
  })
  if (error !== undefined)
    return (
      <p class="error" role="alert">
        {error}
      </p>
    )
  if (data?.groups.length === 0) return <Nothing />
  return (
    <>
      {data && !data.complete && <p class="hint">Of the newest alerts only: there was no time for all.</p>}
      <LongList
        items={data?.groups ?? []}
        label={`Alerts by ${group}`}
        line={one => <Line key={JSON.stringify(one.values)} group={one} choose={() => go(inside(one.values))} />}
      />
    </>
  )
}

function Line({ group: { values, count, open, first, last, newest }, choose }: { group: Group; choose: () => void }) {
  return (
    <li class="row-line">
      <button type="button" class="group-line" onClick={choose}>
        <span class="times">×{count.toLocaleString()}</span>
        <span class={`priority p-${newest.alert.priority}`}>{newest.alert.priority}</span>
        <span class="value">
          {Object.entries(values).map(([by, value]) => (
            <span key={by} class="part">
              {value === null ? <span class="hint">no {by}</span> : visible(cut(value, 120))}
            </span>
          ))}
        </span>
        <span class="count">
          {open.toLocaleString()} open, {shortTime(first)} – {shortTime(last)}
        </span>
      </button>
    </li>
  )
}
