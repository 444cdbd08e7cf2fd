/** The list of alerts: live or paused, grouped or with facets, and one alert in detail. */

import { useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks'
import type { State } from '../shapes/index.ts'
import { selection } from './api.ts'
import { Detail } from './detail.tsx'
import { ErrorLine } from './error-line.tsx'
import { FacetList } from './facets.tsx'
import { GroupList } from './groups.tsx'
import { cut, visible } from './hostile.ts'
import { type AlertList, useAlertList } from './list.ts'
import { Nothing } from './nothing.tsx'
import { AlertRows, STATE_NAMES } from './rows.tsx'
import { may } from './session.ts'
import { go, view } from './state.ts'
import { Decide, type Decided, type Decision } from './triage.tsx'

export function Alerts() {
  const { filter, q, range, from, to, state, assignee, silenced, open, group } = view.value
  const key = JSON.stringify([filter, q, range, from, to, state, assignee, silenced])
  const [isLive, setLive] = useState(true)
  const [hasFacets, setFacets] = useState(() => innerWidth > 1100)
  /** The last decision: the list and the open alert show it, whichever of them it was made in. */
  const [decided, setDecided] = useState<Decided>({ number: 0, ids: new Set(), decision: {} })
  const done = (ids: ReadonlySet<string>, decision: Decision) =>
    setDecided(({ number }) => ({ number: number + 1, ids, decision }))
  const columns = view.value.columns.split(',').filter(name => name !== '')
  return (
    <div class={`alerts${open === '' ? '' : ' has-detail'}${hasFacets ? ' has-facets' : ''}`}>
      {hasFacets && <FacetList id={key} columns={columns} />}
      <section class="list" aria-label="Alerts">
        <Controls isLive={isLive} setLive={setLive} hasFacets={hasFacets} setFacets={setFacets} />
        {group === '' ? (
          <List key={key} isLive={isLive} columns={columns} decided={decided} done={done} />
        ) : (
          <GroupList key={`${key} ${group}`} id={`${key} ${group}`} />
        )}
      </section>
      {open !== '' && <Detail key={open} id={open} round={decided.number} done={done} />}
    </div>
  )
}

interface ControlsProps {
  readonly isLive: boolean
  readonly setLive: (on: boolean) => void
  readonly hasFacets: boolean
  readonly setFacets: (on: boolean) => void
}

const SHOWN_STATES: readonly (readonly [value: string, name: string])[] = [
  ['', 'in any state'],
  ...Object.entries(STATE_NAMES),
  ['open,acknowledged', 'open or acknowledged'],
]

function Controls({ isLive, setLive, hasFacets, setFacets }: ControlsProps) {
  const { state, silenced, group, columns, assignee } = view.value
  return (
    <div class="bar-above">
      <button type="button" aria-pressed={isLive} class={isLive ? 'live on' : 'live'} onClick={() => setLive(!isLive)}>
        {isLive ? 'Live' : 'Paused'}
      </button>
      <button type="button" aria-pressed={hasFacets} onClick={() => setFacets(!hasFacets)}>
        Facets
      </button>
      <select aria-label="State" value={state} onChange={event => go({ state: event.currentTarget.value })}>
        {SHOWN_STATES.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      <select aria-label="Silenced" value={silenced} onChange={event => go({ silenced: event.currentTarget.value })}>
        <option value="">silenced or not</option>
        <option value="no">not silenced</option>
        <option value="only">silenced</option>
      </select>
      <Words label="Group by" value={group} placeholder="rule,proc.name" change={text => go({ group: text })} />
      <Words label="Columns" value={columns} placeholder="proc.name,user.name" change={text => go({ columns: text })} />
      {assignee !== '' && (
        <button type="button" onClick={() => go({ assignee: '' })}>
          assigned to {visible(cut(assignee, 40))} ×
        </button>
      )}
    </div>
  )
}

function Words(props: { label: string; value: string; placeholder: string; change: (text: string) => void }) {
  const { label, value, placeholder, change } = props
  return (
    <label class="small">
      {label}{' '}
      <input
        value={value}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        onChange={event => change(event.currentTarget.value.replace(/\s+/g, ''))}
      />
    </label>
  )
}

interface ListProps {
  readonly isLive: boolean
  readonly columns: readonly string[]
  readonly decided: Decided
  readonly done: (ids: ReadonlySet<string>, decision: Decision) => void
}

function List({ isLive, columns, decided, done }: ListProps) {
  const list = useAlertList(isLive, decided)
  const { rows, error, isEmpty, note, more } = list
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [isAll, setAll] = useState(false)
  const [asked, forget] = useKeys(list)
  const select = (one: string, on: boolean) => {
    // Whoever selects some decides about these.
    forget()
    const next = new Set(selected)
    if (on) next.add(one)
    else next.delete(one)
    setSelected(next)
  }
  const choose = useMemo(() => (open: string) => go({ open }), [])
  const one = asked && new Set([asked.id])
  const chosen = one ?? selected
  return (
    <>
      <ErrorLine text={error} />
      {note !== undefined && (
        <p class="hint" role="status">
          {note}
        </p>
      )}
      {one === undefined && selected.size > 0 && (
        <label class="small">
          <input type="checkbox" checked={isAll} onChange={event => setAll(event.currentTarget.checked)} /> all that
          match, also those that are not in sight
        </label>
      )}
      {chosen.size > 0 && (
        <Decide
          key={asked ? `${asked.id} ${asked.at}` : 'selected'}
          which={isAll && !one ? { select: given(selection(view.value)) } : { ids: [...chosen].slice(0, 1000) }}
          count={isAll && !one ? undefined : chosen.size}
          asked={asked?.state}
          done={decision => {
            done(isAll && !one ? new Set(rows.map(({ alert }) => alert.id)) : chosen, decision)
            forget()
            if (one) return
            setSelected(new Set())
            setAll(false)
          }}
        />
      )}
      {isEmpty && <Nothing />}
      {rows.length === 0 && !isEmpty && error === undefined && <p class="wait">…</p>}
      <AlertRows
        rows={rows}
        open={view.value.open}
        choose={choose}
        label="Alerts, the last one first"
        columns={columns}
        ended={more}
        {...(may('triage') && { selected, select })}
      />
      <p class="hint keys">j and k move, Esc closes, a acknowledges, x marks a false positive, / searches</p>
    </>
  )
}

const given = (parameters: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(parameters).filter((pair): pair is [string, string] => Boolean(pair[1])))

interface Asked {
  readonly id: string
  readonly state: State
  readonly at: number
}

/**
 * j and k open the next and the previous alert; a and x decide about the open one.
 * @returns what a key has asked for, and what forgets it
 */
function useKeys({ rows }: AlertList): [asked: Asked | undefined, forget: () => void] {
  const [asked, setAsked] = useState<Asked | undefined>()
  // It was about the alert that was open.
  useEffect(() => setAsked(undefined), [view.value.open])
  // Before the browser shows the rows: a key is about what is on the screen.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, key } = event
      const isWriting = target instanceof HTMLInputElement && target.type !== 'checkbox'
      if (isWriting || target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return
      const { open } = view.value
      const at = rows.findIndex(({ alert }) => alert.id === open)
      const step = key === 'j' ? 1 : key === 'k' ? -1 : 0
      if (key === 'Escape') {
        setAsked(undefined)
        go({ open: '' })
      } else if (key === '/') {
        event.preventDefault()
        document.querySelector<HTMLElement>('.filter')?.focus()
      } else if (step !== 0) {
        const row = rows[Math.max(0, at + step)]
        if (row) go({ open: row.alert.id })
        setAsked(undefined)
      } else if (open !== '' && may('triage') && (key === 'a' || key === 'x')) {
        event.preventDefault()
        setAsked({ id: open, state: key === 'a' ? 'acknowledged' : 'false_positive', at: event.timeStamp })
      }
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  })
  return [asked, () => setAsked(undefined)]
}
