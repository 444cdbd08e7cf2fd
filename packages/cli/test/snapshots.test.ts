import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { EARLY_LOG, Log } from '../src/log.ts'
import type { MetricsSource } from '../src/meter/metrics-source.ts'
import { takeSnapshots } from '../src/meter/snapshots.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_123 }))
afterEach(() => void vi.useRealTimers())

test('snapshots are taken at multiples of the interval', () => {
  const metrics = loadConfig(undefined, ['metrics={enabled: true, interval: 15s, output_rule: true}']).metrics
  const source: MetricsSource = {
    ...{ metrics, rules: [], rulesFiles: [], configFiles: [], reloadedAt: 0n, matches: new Map() },
    ...{ ownAlerts: 0, failedReloads: 0, response: () => undefined, outputs: () => [], losses: () => new Map() },
    ...{ metadata: () => ({}), fieldStats: () => ({ extractErrors: {}, absences: {} }) },
    feeds: () => [{ source: 'k8s_audit', events: 1, meter: {}, losses: {}, limits: {} }],
  }
  const times: number[] = []
  const end = takeSnapshots(source, () => times.push(Date.now()), new Log({ ...EARLY_LOG, log_stderr: false }))
  vi.advanceTimersByTime(50_000)
  expect(times.map(time => time % 15_000)).toEqual([0, 0, 0])
  // The clock is set an hour back: the next snapshot does not wait for an hour.
  vi.setSystemTime(Date.now() - 3_600_000)
  vi.advanceTimersByTime(30_000)
  expect(times.length).toBeGreaterThan(3)
  end()
  const taken = times.length
  vi.advanceTimersByTime(60_000)
  expect(times).toHaveLength(taken)
})
