import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { EARLY_LOG, Log } from '../src/log.ts'
import { type MetricsSource, nowNs } from '../src/meter/metrics-source.ts'
import { takeSnapshots } from '../src/meter/snapshots.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_123 }))
afterEach(() => void vi.useRealTimers())

const log = new Log({ ...EARLY_LOG, log_stderr: false })
const FEED = { source: 'k8s_audit', events: 1, meter: {}, losses: {}, limits: {}, repairs: {} }

/** A source of metrics, and the list of its feeds. */
function metered(output: string) {
  const { metrics } = loadConfig(undefined, [`metrics={enabled: true, interval: 15s, ${output}}`])
  const feeds: (typeof FEED)[] = []
  const source: MetricsSource = {
    ...{ metrics, rules: [], rulesFiles: [], configFiles: [], reloadedAt: 0n, matches: new Map() },
    ...{ ownAlerts: 0, failedReloads: 0, response: () => undefined, outputs: () => [], losses: () => new Map() },
    ...{ metadata: () => ({}), fieldStats: () => ({ extractErrors: {}, absences: {} }) },
    feeds: () => feeds,
  }
  return { source, feeds }
}

test('snapshots are taken at multiples of the interval', () => {
  const { source, feeds } = metered('output_rule: true')
  feeds.push(FEED)
  const times: number[] = []
  const end = takeSnapshots(source, () => times.push(Date.now()), log)
  vi.advanceTimersByTime(50_000)
  expect(times.map(time => time % 15_000)).toEqual([0, 0, 0])
  // The clock is set an hour back: the next snapshot does not wait for an hour, and those after it are at multiples again.
  vi.setSystemTime(Date.now() - 3_607_000)
  vi.advanceTimersByTime(45_000)
  expect(times.slice(4).map(time => time % 15_000)).toEqual([0, 0, 0])
  end()
  const taken = times.length
  vi.advanceTimersByTime(60_000)
  expect(times).toHaveLength(taken)
})

test('the time is that of the clock, even if it has been set since the start', () => {
  for (const set of [4_000_000_000_000, 1_600_000_000_000]) {
    vi.setSystemTime(set)
    expect(nowNs()).toBe(BigInt(set) * 1_000_000n)
  }
})

test('after a reload, a file that cannot be written costs snapshots until it can, and nothing else', () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-snapshots-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'later', 'metrics.jsonl')
  const { source, feeds } = metered(`output_file: ${path}`)
  feeds.push(FEED)
  expect(() => takeSnapshots(source, () => {}, log)).toThrow('metrics.output_file: ')
  onTestFinished(takeSnapshots(source, () => {}, log, true))
  vi.advanceTimersByTime(20_000)
  mkdirSync(join(dir, 'later'))
  vi.advanceTimersByTime(30_000)
  const samples = readFileSync(path, 'utf8').trim().split('\n')
  expect(samples.map(line => JSON.parse(line).sample)).toEqual([2, 3])
})

test('samples begin with the first feed, however long outputs take to open', () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-snapshots-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'metrics.jsonl')
  const { source, feeds } = metered(`output_file: ${path}`)
  onTestFinished(takeSnapshots(source, () => {}, log))
  vi.advanceTimersByTime(20_000)
  feeds.push(FEED)
  vi.advanceTimersByTime(30_000)
  const samples = readFileSync(path, 'utf8').trim().split('\n')
  expect(samples.map(line => JSON.parse(line).sample)).toEqual([1, 2])
})
