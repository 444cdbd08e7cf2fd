/** What happens now: alerts over time, and what they have most in common. */
import { ask, type Bar, type Count, selection } from './api.ts'
import { Chart, PRIORITIES } from './chart.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { go, view } from './state.ts'
import { narrowed } from './url.ts'

const REFRESH_MS = 5000

/** Steps of the chart in seconds; the first with at most 120 bars is used. */
const STEPS = [60, 300, 900, 3600, 14_400, 86_400, 604_800]

const TABLES: readonly (readonly [title: string, by: string, field: string])[] = [
  ['Rules', 'rule', 'alert.rule'],
  ['Hosts', 'host', 'alert.hostname'],
  ['Namespaces', 'k8s.ns.name', 'k8s.ns.name'],
  ['Containers', 'container.name', 'container.name'],
  ['Users', 'user.name', 'user.name'],
  ['Processes', 'proc.name', 'proc.name'],
]

export function Now() {
  const { filter, q, range } = view.value
  const key = JSON.stringify([filter, q, range])
  return (
    <>
      <Timeline key={`time ${key}`} id={key} />
      <div class="tables">
        {TABLES.map(([title, by, field]) => (
          <Top key={by} title={title} by={by} field={field} id={key} />
        ))}
      </div>
    </>
  )
}

function Timeline({ id }: { id: string }) {
  const { range } = view.value
  const seconds = range === 0 ? 86_400 : (STEPS.find(step => range / 1000 / step <= 120) ?? 604_800)
  const load = async () => {
    const now = Date.now()
    const { bars } = await ask<{ bars: Bar[] }>('histogram', {
      ...selection(view.value, now),
      by: 'priority',
      step: seconds,
    })
    return { bars, now }
  }
  const { data, error } = useLoaded(load, id, REFRESH_MS)
  if (error !== undefined)
    return (
      <p class="error" role="alert">
        {error}
      </p>
    )
  if (!data) return <p class="wait">…</p>
  const { bars, now } = data
  const count = sumOf(bars)
  const step = seconds * 1000
  const first = bars.length > 0 ? Date.parse(bars[0]!.time) : now - step
  const from = range === 0 ? first : Math.floor((now - range) / step) * step
  const to = Math.max(now, range === 0 && bars.length > 0 ? Date.parse(bars.at(-1)!.time) + step : now)
  return (
    <section aria-label="Alerts over time">
      <h2>
        {count.toLocaleString()} alert{count === 1 ? '' : 's'}
      </h2>
      <Chart bars={bars} from={from} to={to} step={step} />
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
                {name} {n.toLocaleString()}
              </button>
            </li>
          ))}
      </ul>
    </section>
  )
}

const sumOf = (bars: readonly Bar[]) => bars.reduce((sum, { count }) => sum + count, 0)

function Top({ title, by, field, id }: { title: string; by: string; field: string; id: string }) {
  const load = () => ask<{ counts: Count[] }>('top', { ...selection(view.value), by, limit: 20 })
  const { data } = useLoaded(load, id, REFRESH_MS)
  const counts = (data?.counts ?? []).filter(({ value }) => value !== null)
  const most = counts[0]?.count ?? 1
  return (
    <section class="top" aria-label={title}>
      <h2>{title}</h2>
      {counts.length === 0 && <p class="none">{data ? 'none' : '…'}</p>}
      <ol>
        {counts.map(({ value, count }) => (
          <li key={value}>
            <button
              type="button"
              onClick={() => go({ screen: 'alerts', filter: narrowed(view.value.filter, field, value!) })}
            >
              <meter min={0} max={most} value={count} aria-hidden="true" />
              <span class="value">{visible(cut(value!, 100))}</span>
              <span class="count">{count.toLocaleString()}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}
