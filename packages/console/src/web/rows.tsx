/** A list of alerts, one line each. */
import type { Found } from '../shapes/index.ts'
import { cut, visible } from './hostile.ts'
import { LongList } from './long-list.tsx'
import { clock, day } from './time.ts'

export interface RowsProps {
  readonly rows: readonly Found[]
  /** The ID of the alert that is open. */
  readonly open: string
  readonly choose: (id: string) => void
  readonly label: string
  /** Output fields that are columns. */
  readonly columns?: readonly string[]
  /** IDs of those that are selected; absent: none can be. */
  readonly selected?: ReadonlySet<string>
  readonly select?: (id: string, on: boolean) => void
  /** The end is in sight. */
  readonly ended?: () => void
}

export function AlertRows({ rows, open, choose, label, columns = [], selected, select, ended }: RowsProps) {
  const list = (
    <LongList
      items={rows}
      label={label}
      line={row => (
        <Row
          key={row.alert.id}
          row={row}
          isOpen={row.alert.id === open}
          choose={choose}
          columns={columns}
          isSelected={selected?.has(row.alert.id)}
          select={select}
        />
      )}
      shown={open}
      keyOf={({ alert }) => alert.id}
      ended={ended}
    />
  )
  if (columns.length === 0 || rows.length === 0) return list
  return (
    <>
      <div class={`row heads${selected ? ' selectable' : ''}`} style={{ '--columns': columns.length }}>
        <span />
        <span />
        <span />
        {columns.map(name => (
          <span key={name} class="cell">
            {visible(cut(name, 60))}
          </span>
        ))}
      </div>
      {list}
    </>
  )
}

interface RowProps {
  readonly row: Found
  readonly isOpen: boolean
  readonly choose: (id: string) => void
  readonly columns: readonly string[]
  readonly isSelected: boolean | undefined
  readonly select: ((id: string, on: boolean) => void) | undefined
}

function Row({ row: { alert, triage, silences }, isOpen, choose, columns, isSelected, select }: RowProps) {
  const isSilenced = silences !== undefined && silences.length > 0
  return (
    <li class={`row-line${isOpen ? ' open' : ''}${isSilenced ? ' silenced' : ''}`}>
      {isSelected !== undefined && (
        <input
          type="checkbox"
          checked={isSelected}
          aria-label={`Select ${visible(cut(alert.rule, 60))}`}
          onChange={event => select?.(alert.id, event.currentTarget.checked)}
        />
      )}
      <button
        type="button"
        class="row"
        aria-expanded={isOpen}
        style={{ '--columns': columns.length }}
        onClick={() => choose(isOpen ? '' : alert.id)}
      >
        <span class={`priority p-${alert.priority}`}>{alert.priority}</span>
        <time dateTime={alert.time}>{shortTime(alert.time)}</time>
        <span class="rule">
          {triage && triage.state !== 'open' && <span class="state">{STATE_NAMES[triage.state]}</span>}
          {isSilenced && <span class="state">silenced</span>}
          {visible(cut(alert.rule, 100))}
        </span>
        {columns.map(name => (
          <span key={name} class="cell">
            {visible(cut(valueText(alert.output_fields[name]), 100))}
          </span>
        ))}
        {columns.length === 0 && <span class="host">{visible(cut(alert.hostname ?? '', 60))}</span>}
        <span class="message">{visible(cut(sentenceOf(alert), 300))}</span>
      </button>
    </li>
  )
}

export const STATE_NAMES = {
  ...{ open: 'open', acknowledged: 'acknowledged', closed: 'closed', false_positive: 'false positive' },
} as const

/** The message of an alert, without time and priority, which have their own columns. */
export function sentenceOf({ message, output, priority }: Found['alert']): string {
  return message ?? output.replace(new RegExp(`^[\\dT:.+-]+: ${priority} `), '')
}

/** The value of an output field as text. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return Array.isArray(value) ? `(${value.join(',')})` : String(value)
}

/** Time of day, with the date if it is not today's. */
export function shortTime(text: string): string {
  const date = new Date(text)
  // A text that is not a time is shown as it came.
  if (Number.isNaN(date.getTime())) return visible(cut(text, 40))
  const time = clock(date)
  return day(date) === day(new Date()) ? time : `${day(date).slice(5)} ${time}`
}
