/** Alerts over time by priority, as stacked bars. */
import type { Bar } from './api.ts'

export const PRIORITIES = ['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug']

const WIDTH = 1000
const HEIGHT = 180

export interface ChartProps {
  readonly bars: readonly Bar[]
  /** Milliseconds. */
  readonly from: number
  readonly to: number
  readonly step: number
}

export function Chart({ bars, from, to, step }: ChartProps) {
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
  return (
    <figure class="chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Alerts over time, at most ${most} in a step`}
      >
        {[...slots].map(([start, slot]) => {
          let y = HEIGHT
          return (
            <g key={start}>
              <title>{`${new Date(start).toLocaleString()}: ${[...slot].map(pair => pair.join(' ')).join(', ')}`}</title>
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
      </svg>
      <figcaption>
        <span>{new Date(from).toLocaleString()}</span>
        <span>at most {most}</span>
        <span>{new Date(to).toLocaleString()}</span>
      </figcaption>
    </figure>
  )
}
