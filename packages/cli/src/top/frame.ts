import { printable } from '../printable.ts'
import type { Activity } from './activity.ts'

export interface FrameSettings {
  /** Rows of each table, at most. */
  readonly rows: number
  /** Columns of the terminal. */
  readonly width: number
  /** Lines of the terminal; undefined = unlimited. */
  readonly height: number | undefined
  /** Text at the end of the first line. */
  readonly hint?: string
}

export interface FrameState {
  /** Time of the last event. */
  readonly time: Date
  /** Length of the interval. */
  readonly seconds: number
  /** Events lost since the start. */
  readonly dropped: number
  readonly threads: number
  readonly containers: number
  /** Alerts by rule since the start; undefined = no rules are loaded. */
  readonly rules: ReadonlyMap<string, number> | undefined
  /** Output fields of these alerts that were absent since the start, by the reason. */
  readonly absences?: Readonly<Record<string, number>>
}

/** One frame: sums, then the busiest processes, event types and rules, and why fields were absent. It fits the terminal. */
export function frame(activity: Activity, state: FrameState, settings: FrameSettings): string {
  const { width } = settings
  const rate = (count: number) => perSecond(count, state.seconds)
  const head = sums(activity, state, settings)
  const absences = Object.entries(state.absences ?? {})
  const tables = (state.rules === undefined ? 2 : 3) + (absences.length > 0 ? 1 : 0)
  const rows = rowsThatFit(settings, head.length, tables, activity.others > 0)
  const processes = busiest(activity.processes.values(), ({ count }) => count, rows)
  const types = busiest(activity.types, ([, count]) => count, rows)
  const lines = [
    ...head,
    '',
    table(
      ['EVENTS/S', 'PID', 'PROCESS', 'CONTAINER'],
      processes.map(({ pid, name, container, count }) => [rate(count), String(pid), name, container || 'host']),
    ),
    ...(activity.others > 0 ? [`${rate(activity.others).padStart(10)}  (other processes)`] : []),
    '',
    table(
      ['EVENTS/S', 'EVENT'],
      types.map(([type, count]) => [rate(count), type]),
    ),
  ]
  if (state.rules !== undefined) {
    const rules = busiest(state.rules, ([, count]) => count, rows)
    const cells = rules.map(([rule, count]) => [String(count), rule])
    lines.push('', table(['ALERTS', 'RULE'], cells))
  }
  if (absences.length > 0) {
    const causes = busiest(absences, ([, count]) => count, rows)
    const cells = causes.map(([why, count]) => [String(count), why])
    lines.push('', table(['ABSENT', 'FIELDS, BY CAUSE'], cells))
  }
  const cut = lines.join('\n').split('\n')
  return `${cut.map(line => line.slice(0, width).trimEnd()).join('\n')}\n`
}

/** The first line, or lines where the terminal is narrow. */
function sums(activity: Activity, state: FrameState, { width, hint }: FrameSettings): string[] {
  let alerts = 0
  for (const count of state.rules?.values() ?? []) alerts += count
  const items = [
    `falc top  ${state.time.toISOString().slice(11, 19)} UTC`,
    `${perSecond(activity.events, state.seconds)} events/s`,
    `${state.dropped} dropped`,
    `${state.threads} threads`,
    `${state.containers} containers`,
    ...(state.rules === undefined ? [] : [`${alerts} alerts`]),
    ...(hint === undefined ? [] : [hint]),
  ]
  const lines: string[] = []
  for (const item of items) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 3 + item.length <= width) lines[lines.length - 1] = `${last}   ${item}`
    else lines.push(last === undefined ? item : `          ${item}`)
  }
  return lines
}

/** Rows of each table such that all tables fit with their titles, and a line is left for the cursor. */
function rowsThatFit({ rows, height }: FrameSettings, head: number, tables: number, others: boolean): number {
  if (height === undefined) return rows
  const free = height - head - (others ? 1 : 0) - tables * 2 - 1
  return Math.max(1, Math.min(rows, Math.floor(free / tables)))
}

function busiest<T>(items: Iterable<T>, count: (item: T) => number, rows: number): T[] {
  return [...items].sort((a, b) => count(b) - count(a)).slice(0, rows)
}

function perSecond(count: number, seconds: number): string {
  const rate = count / seconds
  return rate < 10 && rate > 0 ? rate.toFixed(1) : String(Math.round(rate))
}

/** The first column is a number. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  rows = rows.length === 0 ? [['-']] : rows.map(row => row.map(cell => printable(cell)))
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padStart(Math.max(10, widths[i]!)) : cell.padEnd(widths[i]!))).join('  ')
  return [head, ...rows].map(line).join('\n')
}
