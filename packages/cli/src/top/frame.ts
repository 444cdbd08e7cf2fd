import type { Activity } from './activity.ts'

export interface FrameSettings {
  /** Rows of each table. */
  readonly rows: number
  /** Columns of the terminal. */
  readonly width: number
}

export interface FrameState {
  /** Of the last event. */
  readonly time: Date
  /** That the activity took. */
  readonly seconds: number
  /** Since the start. */
  readonly dropped: number
  readonly threads: number
  readonly containers: number
  /** Alerts by rule since the start: rules are too rare for rates. */
  readonly rules: ReadonlyMap<string, number>
}

/** One picture of what goes on: a line of sums, then the busiest processes, event types and rules. */
export function frame(activity: Activity, state: FrameState, { rows, width }: FrameSettings): string {
  const rate = (count: number) => perSecond(count, state.seconds)
  const processes = busiest(activity.processes.values(), ({ count }) => count, rows)
  const types = busiest(activity.types, ([, count]) => count, rows)
  const rules = busiest(state.rules, ([, count]) => count, rows)
  const lines = [
    [
      `falc top  ${state.time.toISOString().slice(11, 19)} UTC`,
      `${rate(activity.events)} events/s`,
      `${state.dropped} dropped`,
      `${state.threads} threads`,
      `${state.containers} containers`,
      `${activity.alerts} alerts`,
    ].join('   '),
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
    '',
    table(
      ['ALERTS', 'RULE'],
      rules.map(([rule, count]) => [String(count), rule]),
    ),
  ]
  const cut = lines.join('\n').split('\n')
  return `${cut.map(line => line.slice(0, width).trimEnd()).join('\n')}\n`
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
  if (rows.length === 0) rows = [['-']]
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padStart(Math.max(10, widths[i]!)) : cell.padEnd(widths[i]!))).join('  ')
  return [head, ...rows].map(line).join('\n')
}
