/** The overview: alerts over time, and their most frequent values. */

import { useEffect, useState } from 'preact/hooks'
import type { Histogram, Top as TopAnswer } from '../shapes/index.ts'
import { ask, type Bar, selection, spanOf } from './api.ts'
import { Chart, PRIORITIES } from './chart.tsx'
import { ErrorLine } from './error-line.tsx'
import { Outputs, Sensors } from './health.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { Nothing } from './nothing.tsx'
import { grouped } from './numbers.ts'
import { partly } from './partly.ts'
import { Share } from './share.tsx'
import { go, view } from './state.ts'
import { NAMESPACE, narrowed } from './url.ts'

const REFRESH_MS = 5000

/** Steps of the chart in seconds; the first with at most 120 bars is used. */
const STEPS = [60, 300, 900, 3600, 14_400, 86_400, 604_800]

const TABLES: readonly (readonly [title: string, by: string, field: string])[] = [
  ['Rules', 'rule', 'alert.rule'],
  ['Hosts', 'host', 'alert.hostname'],
  ['Namespaces', NAMESPACE, NAMESPACE],
  ['Containers', 'container.name', 'container.name'],
  ['Users', 'user.name', 'user.name'],
  ['Processes', 'proc.name', 'proc.name'],
]

const COUNTED = ['rule', 'host', 'namespace']

export function Now() {
  const { filter, q, range, from, to } = view.value
  const key = JSON.stringify([filter, q, range, from, to])
  /** For which selection what the console has counted already is there: of very many alerts, the rest takes long. */
  const [ready, setReady] = useState('')
  return (
    <>
      <Timeline key={`time ${key}`} id={key} />
      <div class="tables">
        {TABLES.map(([title, by, field]) => (
          <Top
            key={by}
            title={title}
            by={by}
            field={field}
            id={key}
            hasTrend={by === 'rule'}
            waits={!COUNTED.includes(by) && ready !== key}
            loaded={() => by === 'rule' && setReady(key)}
          />
        ))}
      </div>
      <div class="tables wide">
        <Sensors isShort />
        <Outputs />
      </div>
    </>
  )
}

function Timeline({ id }: { id: string }) {
  const { range } = view.value
  const span = spanOf(view.value)
  const length = span.since === undefined ? 0 : ((span.until ?? Date.now()) - span.since) / 1000
  const seconds = length === 0 ? 86_400 : (STEPS.find(step => length / step <= 120) ?? 604_800)
  const load = async () => {
    const now = Date.now()
    const asked = { ...selection(view.value, now), by: 'priority', step: seconds }
    return { ...(await ask<Histogram>('histogram', asked)), now }
  }
  const { data, error } = useLoaded(load, id, REFRESH_MS)
  if (error !== undefined) return <ErrorLine text={error} />
  if (!data) return <p class="wait">…</p>
  const { bars, now } = data
  const part = partly(data)
  const count = sumOf(bars)
  const step = seconds * 1000
  const { since, until } = spanOf(view.value, now)
  const first = bars.length > 0 ? Date.parse(bars[0]!.time) : now - step
  const from = since === undefined ? first : Math.floor(since / step) * step
  const last = bars.length > 0 ? Date.parse(bars.at(-1)!.time) + step : now
  const to = until ?? (range === 0 ? Math.max(now, last) : now)
  return (
    <section aria-label="Alerts over time">
      <h2>
        {grouped(count)} alert{count === 1 ? '' : 's'}
      </h2>
      {part && <p class="hint">{part}</p>}
      {count === 0 ? (
        <Nothing />
      ) : (
        <Chart bars={bars} from={from} to={to} step={step} brushed={(from, to) => go({ from, to })} />
      )}
      <ul class="legend">
        {PRIORITIES.map(name => ({ name, n: sumOf(bars.filter(({ value }) => value === name)) }))
          .filter(({ n }) => n > 0)
          .map(({ name, n }) => (
            <li key={name}>
              <button
                type="button"
                class={`priority p-${name}`}
                onClick={() => go({ screen: 'alerts', filter: narrowed(view.value.filter, 'alert.priority', name) })}
              >
                {name} {grouped(n)}
              </button>
            </li>
          ))}
      </ul>
    </section>
  )
}

const sumOf = (bars: readonly Bar[]) => bars.reduce((sum, { count }) => sum + count, 0)

interface TopProps {
  readonly title: string
  readonly by: string
  readonly field: string
  readonly id: string
  /** Compares with the time before. */
  readonly hasTrend: boolean
  /** It is not its turn yet. */
  readonly waits: boolean
  readonly loaded: () => void
}

/** Counts of the time before that are compared with. */
const BEFORE = 200

function Top({ title, by, field, id, hasTrend, waits, loaded }: TopProps) {
  const load = async () => {
    if (waits) return undefined
    const now = Date.now()
    const { since = 0, until } = spanOf(view.value, now)
    const chosen = selection(view.value, now)
    const counts = (given: object, limit: number) => ask<TopAnswer>('top', { ...chosen, ...given, by, limit })
    const iso = (ms: number) => new Date(ms).toISOString()
    // It begins with a whole minute as the time itself does: the console has counted these already.
    const length = until === undefined ? view.value.range : until - since
    const before = hasTrend && since > 0 && { since: iso(since - length), until: iso(since) }
    const [these, those] = await Promise.all([counts({}, 20), before ? counts(before, BEFORE) : undefined])
    // Counts of a part of the alerts are not comparable.
    const isKnown = those !== undefined && these.complete && those.complete
    const earlier = isKnown ? new Map(those.counts.map(({ value, count }) => [value, count])) : undefined
    // What is rare may be behind the last of them.
    const isWhole = isKnown && those.counts.length > 0 && those.counts.length < BEFORE
    return { ...these, earlier, isWhole, id }
  }
  const { data, error } = useLoaded(load, `${id} ${waits}`, REFRESH_MS)
  useEffect(() => {
    if (data?.id === id) loaded()
  }, [data, id])
  const counts = (data?.counts ?? []).filter(({ value }) => value !== null)
  const most = counts[0]?.count ?? 1
  const part = data && partly(data)
  return (
    <section class="top" aria-label={title}>
      <h2>{title}</h2>
      {counts.length === 0 && <p class="none">{error ?? (data ? 'none' : '…')}</p>}
      {counts.length > 0 && <ErrorLine text={error} />}
      {part && <p class="hint">{part}</p>}
      <ol>
        {counts.map(({ value, count }) => (
          <li key={value}>
            <button
              type="button"
              onClick={() => go({ screen: 'alerts', filter: narrowed(view.value.filter, field, value!) })}
            >
              <Share of={most} is={count} />
              <span class="value">{visible(cut(value!, 100))}</span>
              <Trend now={count} before={data?.earlier?.get(value) ?? (data?.isWhole ? 0 : undefined)} />
              <span class="count">{grouped(count)}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** More or fewer than in the time before that is as long. */
function Trend({ now, before }: { now: number; before: number | undefined }) {
  if (before === undefined) return null
  if (before === 0) return <span class="trend">new</span>
  const percent = Math.round((100 * (now - before)) / before)
  const text = percent === 0 ? '=' : `${percent > 0 ? '▲' : '▼'} ${Math.min(999, Math.abs(percent))} %`
  return (
    <span class="trend" title={`${grouped(before)} in the time before`}>
      {text}
    </span>
  )
}
