/** Measures the cost of computations for tests that compare them: CPU time of this thread, so other load does not matter. */

/** The CPU time of `run` in milliseconds: the least of some attempts. */
export function cpuOf(run: () => void, attempts = 3): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < attempts; i++) {
    const before = process.threadCpuUsage()
    run()
    const { user, system } = process.threadCpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

/** The clock is too coarse to measure less than this. */
const MEASURABLE_MS = 10

/** The cost of size `factor * size` relative to `size`, the least of three measurements: about `factor` when it is linear. */
export function growth(run: (size: number) => void, size: number, factor: number): number {
  const times = (count: number, n: number) => cpuOf(() => repeat(count, () => run(n)), 2)
  const ratios: number[] = []
  for (let count = 1; ratios.length < 3; ) {
    const cost = times(count, size)
    // The cost may fall below the limit again, once the code has been compiled.
    if (cost < MEASURABLE_MS) count *= 2
    else ratios.push(times(count, size * factor) / cost)
  }
  return Math.min(...ratios)
}

function repeat(count: number, run: () => void): void {
  for (let i = 0; i < count; i++) run()
}
