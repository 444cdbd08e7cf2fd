/** Alerts as a list, live or paused, and one of them in full. */
import { useEffect, useState } from 'preact/hooks'
import { ask, type Found, listen, selection } from './api.ts'
import { Detail } from './detail.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { go, view } from './state.ts'

/** Rows that the page holds; older ones are asked for. */
const MAX_ROWS = 1000
const PAGE = 100

export function Alerts() {
  const { filter, q, range, open } = view.value
  const key = JSON.stringify([filter, q, range])
  const [isLive, setLive] = useState(true)
  return (
    <div class={open === '' ? 'split' : 'split has-detail'}>
      <List key={key} id={key} isLive={isLive} setLive={setLive} />
      {open !== '' && <Detail key={open} id={open} />}
    </div>
  )
}

interface ListProps {
  readonly id: string
  readonly isLive: boolean
  readonly setLive: (isLive: boolean) => void
}

function List({ id, isLive, setLive }: ListProps) {
  const first = useLoaded(
    () => ask<{ alerts: Found[]; next: number | null }>('alerts', { ...selection(view.value), limit: PAGE }),
    id,
  )
  const [fresh, setFresh] = useState<readonly Found[]>([])
  const [older, setOlder] = useState<{ readonly alerts: readonly Found[]; readonly next: number | null } | undefined>()
  useEffect(() => {
    if (!isLive || first.error !== undefined) return
    return listen(view.value, found => setFresh(all => [found, ...all].slice(0, MAX_ROWS)))
  }, [id, isLive, first.error])
  // What arrived while the first page was on its way may be in both.
  const seen = new Set<number>()
  const rows = [...fresh, ...(first.data?.alerts ?? []), ...(older?.alerts ?? [])]
    .sort((a, b) => b.seq - a.seq)
    .filter(({ seq }) => !seen.has(seq) && seen.add(seq))
  const next = older === undefined ? (first.data?.next ?? null) : older.next
  const more = async () => {
    const page = await ask<{ alerts: Found[]; next: number | null }>('alerts', {
      ...selection(view.value),
      limit: PAGE,
      cursor: next ?? undefined,
    })
    setOlder(last => ({ alerts: [...(last?.alerts ?? []), ...page.alerts], next: page.next }))
  }
  useKeys(rows)
  return (
    <section class="list" aria-label="Alerts">
      <div class="bar-above">
        <button
          type="button"
          aria-pressed={isLive}
          class={isLive ? 'live on' : 'live'}
          onClick={() => setLive(!isLive)}
        >
          {isLive ? 'Live' : 'Paused'}
        </button>
        <span class="hint">j and k move, Esc closes</span>
      </div>
      {first.error !== undefined && (
        <p class="error" role="alert">
          {first.error}
        </p>
      )}
      {first.data && rows.length === 0 && <p class="none">No alerts.</p>}
      <ol>
        {rows.slice(0, MAX_ROWS).map(row => (
          <Row key={row.seq} {...row} />
        ))}
      </ol>
      {next !== null && rows.length < MAX_ROWS && (
        <button type="button" class="more" onClick={() => void more()}>
          Older alerts
        </button>
      )}
    </section>
  )
}

function Row({ alert }: Found) {
  const isOpen = view.value.open === alert.id
  const message = alert.message ?? alert.output
  return (
    <li>
      <button
        type="button"
        class={isOpen ? 'row open' : 'row'}
        aria-expanded={isOpen}
        onClick={() => go({ open: isOpen ? '' : alert.id })}
      >
        <span class={`priority p-${alert.priority}`}>{alert.priority}</span>
        <time dateTime={alert.time}>{new Date(alert.time).toLocaleString()}</time>
        <span class="host">{visible(cut(alert.hostname ?? '', 60))}</span>
        <span class="rule">{visible(cut(alert.rule, 100))}</span>
        <span class="message">{visible(cut(message, 300))}</span>
      </button>
    </li>
  )
}

/** j and k open the next and the previous alert. */
function useKeys(rows: readonly Found[]): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return
      const at = rows.findIndex(({ alert }) => alert.id === view.value.open)
      const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0
      if (event.key === 'Escape') go({ open: '' })
      else if (step !== 0) {
        const row = rows[Math.max(0, at + step)]
        if (row) go({ open: row.alert.id })
      }
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  })
}
