/** A live list of alerts: the first page, new alerts, and older pages, each alert once. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { AlertPage, Found, Triage } from '../shapes/index.ts'
import { ask, listen, selection } from './api.ts'
import { Arrivals } from './arrivals.ts'
import { useLoaded } from './load.ts'
import { grouped } from './numbers.ts'
import { view } from './state.ts'
import type { Decided, Decision } from './triage.tsx'

/** Rows that the page holds. */
const MAX_ROWS = 10_000
const PAGE = 200
const CUT = `The list ends after the newest ${grouped(MAX_ROWS)}: narrow the search or the time.`
const GAP = 'Many alerts arrived at once, and some may be missing here: load the page again.'

export interface AlertList {
  readonly rows: readonly Found[]
  readonly error: string | undefined
  /** Whether there are none; not known while there may be older ones. */
  readonly isEmpty: boolean
  /** What it does not list, for people. */
  readonly note: string | undefined
  /** Asks for older ones, if there are any and none are on their way. */
  readonly more: () => void
}

/**
 * The alerts of the view: a component shows those of one search, and another search is another component.
 * @param decided is shown before the console is asked again
 */
export function useAlertList(isLive: boolean, decided: Decided): AlertList {
  const first = useLoaded(() => ask<AlertPage>('alerts', { ...selection(view.value), limit: PAGE }), '')
  const [fresh, setFresh] = useState<readonly Found[]>([])
  const [older, setOlder] = useState<AlertPage | undefined>()
  const [hasGap, setGap] = useState(false)
  const [failure, setFailure] = useState<string | undefined>()
  const [patches, setPatches] = useState<ReadonlyMap<string, Decision>>(new Map())
  const asking = useRef(false)
  /** The last alert that is known: after a pause, the list continues there. */
  const last = useRef(0)
  const { data } = first
  useEffect(() => {
    if (!isLive || data === undefined || view.value.to > 0) return
    last.current = Math.max(last.current, data.last)
    const arrivals = new Arrivals<Found>(MAX_ROWS)
    // Many may arrive in the time of one picture.
    let frame = 0
    const arrived = (found: Found) => {
      arrivals.add(found)
      frame ||= requestAnimationFrame(() => {
        frame = 0
        const newest = arrivals.take()
        last.current = newest[0]!.seq
        setFresh(all => [...newest, ...all].slice(0, MAX_ROWS))
      })
    }
    const end = listen(view.value, last.current, arrived, () => setGap(true))
    return () => {
      cancelAnimationFrame(frame)
      end()
    }
  }, [isLive, data])
  const next = older === undefined ? (data?.next ?? null) : older.next
  const rows = merged([...fresh, ...(data?.alerts ?? []), ...(older?.alerts ?? [])], patches)
  const more = useCallback(() => {
    if (next === null || asking.current || rows.length >= MAX_ROWS) return
    asking.current = true
    void ask<AlertPage>('alerts', { ...selection(view.value), limit: PAGE, cursor: next })
      .then(page => {
        setOlder(before => ({ ...page, alerts: [...(before?.alerts ?? []), ...page.alerts] }))
        setFailure(undefined)
      })
      .catch(({ message }: Error) =>
        setFailure(`Older alerts: ${message}. ${rows.length > 0 ? 'Scroll' : 'Load the page again'} to ask again.`),
      )
      .finally(() => {
        asking.current = false
      })
  }, [next, rows.length])
  /** The number of the last decision that the rows show: those before the search are in its answer. */
  const shown = useRef(decided.number)
  useEffect(() => {
    if (decided.number === shown.current) return
    shown.current = decided.number
    const { ids, decision } = decided
    setPatches(all => new Map([...all, ...[...ids].map(id => [id, { ...all.get(id), ...decision }] as const)]))
  }, [decided])
  const isEmpty = data !== undefined && next === null && rows.length === 0
  const note = hasGap ? GAP : rows.length === MAX_ROWS ? CUT : undefined
  return { rows, error: first.error ?? failure, isEmpty, note, more }
}

/** The newest first. An alert that arrived while a page was loading may be in both. */
function merged(all: readonly Found[], patches: ReadonlyMap<string, Decision>): Found[] {
  const bySeq = new Map<number, Found>()
  for (const found of all) if (!bySeq.has(found.seq)) bySeq.set(found.seq, found)
  // Of more than that, those that arrived do not reach down to the first page.
  const rows = [...bySeq.values()].sort((a, b) => b.seq - a.seq).slice(0, MAX_ROWS)
  return patches.size === 0
    ? rows
    : rows.map(row => {
        const decision = patches.get(row.alert.id)
        return decision ? { ...row, triage: after(row.triage, decision) } : row
      })
}

const UNDECIDED: Triage = { state: 'open', by: '', at: '', notes: 0 }

/** What a list shows of a decision: state and assignee. */
function after(before: Triage = UNDECIDED, { state = before.state, assignee }: Decision): Triage {
  const { assignee: last, ...rest } = before
  const next = assignee === undefined ? last : assignee
  return { ...rest, state, ...(typeof next === 'string' && { assignee: next }) }
}
