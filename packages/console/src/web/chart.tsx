/** Alerts over time by priority, as stacked bars; the user can select a span. */
import { useRef, useState } from 'preact/hooks'
import type { Bar } from './api.ts'
import { grouped } from './numbers.ts'
import { moment } from './time.ts'

export const PRIORITIES = ['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug']

const WIDTH = 1000
const HEIGHT = 180

export interface ChartProps {
  readonly bars: readonly Bar[]
  /** Milliseconds. */
  readonly from: number
  readonly to: number
  readonly step: number
  /** A span was selected, in whole steps. */
  readonly brushed: (from: number, to: number) => void
}

export function Chart({ bars, from, to, step, brushed }: ChartProps) {
  const figure = useRef<SVGSVGElement>(null)
  const [brush, setBrush] = useState<{ readonly start: number; readonly end: number } | undefined>()
  const slots = new Map<number, Map<string, number>>()
  for (const { time, value, count } of bars) {
    const start = Date.parse(time)
    const slot = slots.get(start) ?? new Map<string, number>()
    slots.set(start, slot.set(value ?? '', count))
  }
  const total = (slot: ReadonlyMap<string, number>) => [...slot.values()].reduce((sum, n) => sum + n, 0)
  const most = Math.max(1, ...[...slots.values()].map(total))
  const x = (time: number) => ((time - from) / (to - from)) * WIDTH
  const width = Math.max(1, (step / (to - from)) * WIDTH - 1)
  /** The time at a pointer, at the beginning of its step. */
  const timeAt = (event: PointerEvent) => {
    const { left, width } = figure.current!.getBoundingClientRect()
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width))
    return Math.min(Math.floor((from + share * (to - from)) / step) * step, to - 1)
  }
  const span = brush && { from: Math.min(brush.start, brush.end), to: Math.max(brush.start, brush.end) + step }
  return (
    <figure class="chart">
      <svg
        ref={figure}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Alerts over time, at most ${most} in a step`}
        onPointerDown={event => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          setBrush({ start: timeAt(event), end: timeAt(event) })
        }}
        onPointerMove={event => brush && setBrush({ ...brush, end: timeAt(event) })}
        onPointerUp={() => {
          setBrush(undefined)
          if (span) brushed(span.from, span.to)
        }}
        onPointerCancel={() => setBrush(undefined)}
      >
        {[...slots].map(([start, slot]) => {
          let y = HEIGHT
          return (
            <g key={start}>
              <title>{`${moment(start)}: ${[...slot].map(pair => pair.join(' ')).join(', ')}`}</title>
              <rect class="hit" x={x(start)} y={0} width={width + 1} height={HEIGHT} />
              {PRIORITIES.flatMap(name => {
                const count = slot.get(name)
                if (count === undefined) return []
                const height = (count / most) * HEIGHT
                y -= height
                return [<rect key={name} class={`bar p-${name}`} x={x(start)} y={y} width={width} height={height} />]
              })}
            </g>
          )
        })}
        {span && <rect class="brush" x={x(span.from)} y={0} width={x(span.to) - x(span.from)} height={HEIGHT} />}
      </svg>
      <figcaption>
        <span>{moment(from)}</span>
        <span>at most {grouped(most)} in a bar; drag to select a time</span>
        <span>{moment(to)}</span>
      </figcaption>
    </figure>
  )
}
