import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Activity } from '../src/top/activity.ts'
import { frame } from '../src/top/frame.ts'
import { startFalc } from './process.ts'

/** A busy machine: more of everything than a terminal has lines. */
function busy(): Activity {
  const activity = new Activity()
  activity.events = 123_456
  activity.others = 7
  for (let i = 0; i < 40; i++) {
    activity.types.set(`type${i}`, 1000 - i)
    activity.processes.set(i, { pid: i, name: `process${i}`, container: 'web (0123456789ab)', count: 1000 - i })
  }
  return activity
}

const rules = new Map(Array.from({ length: 40 }, (_, i) => [`A rule with a name of some length, number ${i}`, 100 - i]))
const absences = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`cause ${i}`, 12 - i]))
const state = { time: new Date(0), seconds: 1, dropped: 0, threads: 1234, containers: 56 }

test.each([
  [24, 80],
  [50, 200],
  [10, 40],
  [43, 132],
] as const)('a frame fits a terminal of %i lines and %i columns', (height, width) => {
  for (const known of [rules, undefined]) {
    const text = frame(
      busy(),
      { ...state, rules: known, absences: known ? absences : {} },
      { rows: 10, width, height, hint: 'q ends' },
    )
    const lines = text.split('\n')
    // The last line is the cursor's.
    expect(lines.length).toBeLessThanOrEqual(Math.max(height, 20))
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
    const head = lines.slice(0, lines.indexOf('')).join('\n')
    expect(head).toMatch(/^falc top {2}00:00:00 UTC\s+123456 events\/s\s+0 dropped\s+1234 threads\s+56 containers/)
    expect(head.endsWith('q ends')).toBe(true)
    expect(head.includes('alerts')).toBe(known !== undefined)
    for (const title of ['PROCESS', 'EVENT', ...(known ? ['RULE', 'BY CAUSE'] : [])])
      expect(text).toMatch(new RegExp(`${title}\\b`))
  }
})

test('without a height, a frame has as many rows as requested', () => {
  const lines = frame(busy(), { ...state, rules }, { rows: 30, width: 200, height: undefined }).split('\n')
  expect(lines.filter(line => /process\d/.test(line))).toHaveLength(30)
})

test('a reader that has gone ends falc top quietly', async () => {
  const capture = join(import.meta.dirname, '../../../examples/captures/host-a.scap')
  const { child, exit, output } = startFalc(['top', '-e', capture, '-d', '0.01'], tmpdir())
  child.stdout.destroy()
  expect([await exit, output.stderr]).toEqual([0, ''])
})
