/** Every program of the probe has an act: a line of test/live/cases/acts.txt that says what it records of a real call. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { probeSequences } from '../../scripts/probe-parameters.ts'
import { EVENTS } from '../../src/events/table.ts'

/** Programs without an act, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  generic: 'writes the event of any call that has none of its own: getpriority is the act',
  t_switch: 'not a call: wants.test.ts waits for one',
  t_page_fault: 'not a call: wants.test.ts waits for one',
}

test('each program has an act, or a reason for having none', () => {
  const acts = readFileSync(join(import.meta.dirname, '../live/cases/acts.txt'), 'utf8')
  const seen = new Set<string | undefined>(acts.split('\n').map(line => line.split(' ')[0]))
  const names = new Map(EVENTS.map(({ code, name }) => [code, name]))
  const without = probeSequences(join(import.meta.dirname, '../../native/bpf'))
    .filter(({ code }) => !seen.has(names.get(code)))
    .map(({ program }) => program)
  expect([...new Set(without)].sort()).toEqual(Object.keys(WITHOUT).sort())
})
