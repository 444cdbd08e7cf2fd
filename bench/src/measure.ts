/**
 * How the benchmarks measure: subject and peer take turns in one process, each turn is timed by the CPU time of the
 * process, and the ratio of the medians is reported. Machines are shared and noisy; a ratio of one run survives that, a
 * rate does not.
 */

export interface Contender {
  readonly name: string
  /** Does the work once and returns something that depends on it, so that it can't be optimised away. */
  run(): unknown | Promise<unknown>
}

export interface Measured {
  readonly name: string
  /** Median CPU milliseconds of one run. */
  readonly ms: number
  readonly min: number
  readonly max: number
}

let sink: unknown
/** What the contenders returned last: reading it keeps their work alive. */
export const consumed = (): unknown => sink

/** Runs the contenders in turn, `rounds` times after `warmup` rounds that do not count. */
export async function compare(contenders: readonly Contender[], rounds = 7, warmup = 2): Promise<Measured[]> {
  const times = contenders.map((): number[] => [])
  for (let round = -warmup; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const before = process.cpuUsage()
      sink = await contender.run()
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) times[i]!.push((user + system) / 1000)
    }
  }
  return contenders.map(({ name }, i) => {
    const sorted = times[i]!.sort((a, b) => a - b)
    return { name, ms: sorted[sorted.length >> 1]!, min: sorted[0]!, max: sorted.at(-1)! }
  })
}

/** A line of a report, as docs/performance.md shows it. */
export interface Figure {
  /** The same in every run: a later row of this name replaces it. */
  readonly what: string
  /** With its unit, or what it is a ratio to. */
  readonly figure: string
  readonly goal?: string
}

/** The lines since the last call. */
let figures: Figure[] = []
export function takeFigures(): Figure[] {
  const taken = figures
  figures = []
  return taken
}

/** One line of a report: `what`, the figure, the goal beside it, a remark that is not recorded. */
export function report(what: string, figure: string, goal = '', remark = ''): void {
  figures.push({ what, figure, ...(goal && { goal }) })
  const more = [...(goal ? [`goal: ${goal}`] : []), ...(remark ? [remark] : [])]
  console.log(`  ${what.padEnd(62)} ${figure.padStart(12)}${more.length > 0 ? `   (${more.join('; ')})` : ''}`)
}

export const times = (ratio: number): string => `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)}×`
