import { BENCHES } from '../../bench/src/list.ts'
import { type Recorded, recorded } from '../../bench/src/record.ts'
import { filledPage, table } from './markdown.ts'

/** A number with a unit in prose: it must be a row of bench/figures.jsonl instead. */
const FIGURE = /\d[\d.,]*\s?(?:×|%|times\b|ns\b|µs\b|ms\b|s\b|seconds?\b|[kKMG]i?B\b|\/s\b|M\/s\b)/

/** docs/performance.md with the rows of bench/figures.jsonl. @throws {Error} when its own text has a figure, or a row no benchmark */
export function performancePage(): string {
  const rows = recorded()
  for (const { bench, what } of rows)
    if (bench !== 'tried' && !Object.hasOwn(BENCHES, bench))
      throw new Error(`bench/figures.jsonl: '${what}': bench/src/list.ts has no '${bench}'`)
  const measured = Object.keys(BENCHES).flatMap(name => rows.filter(({ bench }) => bench === name))
  const tried = rows.filter(({ bench }) => bench === 'tried')
  const page = filledPage('performance.md', {
    goals: table(
      ['benchmark', 'what', 'measured', 'goal', 'when'],
      measured.filter(({ goal }) => goal).map(row => [...cells(row), row.goal!, when(row)]),
    ),
    benchmarks: table(
      ['benchmark', 'measures', 'process', 'needs'],
      Object.entries(BENCHES).map(([name, { on, process, needs = '' }]) => [name, on, process, needs]),
    ),
    tried: table(
      ['change', 'result', 'when'],
      tried.map(({ what, figure, day }) => [what, figure, day]),
    ),
    others: table(
      ['benchmark', 'what', 'measured', 'when'],
      measured.filter(({ goal }) => !goal).map(row => [...cells(row), when(row)]),
    ),
    machines: machines(measured),
  })
  const prose = page.replace(/<!-- (\w+) -->[\s\S]*?<!-- end of \1 -->/g, '')
  const [figure] = FIGURE.exec(prose) ?? []
  if (figure) throw new Error(`docs/performance.md: '${figure}' belongs into bench/figures.jsonl`)
  return page
}

const cells = ({ bench, what, figure }: Recorded) => [bench, what, figure]

const when = ({ day, commit, load }: Recorded) =>
  [day, ...(load ? [`load ${load}`] : []), commit ? `at ${commit}` : '(by hand)'].join(', ').replace(', (', ' (')

function machines(rows: readonly Recorded[]): string {
  const all = new Set(rows.flatMap(({ on }) => on ?? []))
  return `Machines: ${[...all].join('; ')}.`
}
