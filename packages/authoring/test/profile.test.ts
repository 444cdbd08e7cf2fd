import { Engine, type FieldDef } from '@falc/engine'
import { expect, test } from 'vitest'
import { processes, type Start, start } from '../../../examples/unit-test-rules/process.ts'
import { Profiler } from '../src/profile/profile.ts'

/** proc.cmdline, made slow to read. */
const slow: FieldDef<Start> = {
  type: 'string',
  doc: 'Name and arguments',
  extract: one => Array.from({ length: 20_000 }, (_, i) => (i === 0 ? one.cmdline : '')).join(''),
}
const source = { ...processes, fields: { ...processes.fields, 'proc.cmdline': slow } }

function profileOf(condition: string, events: readonly Start[]) {
  const engine = new Engine({ sources: [source] })
  const rule = { rule: 'r', desc: 'd', condition, output: 'o', priority: 'INFO', source: 'process' }
  const profiler = new Profiler(
    engine.analyse([{ name: 'r.yaml', content: JSON.stringify([rule]) }]).rules,
    () => 'all',
  )
  for (const event of events) profiler.see(event, undefined)
  return profiler.results()[0]!
}

const EVENTS = [
  start({ name: 'sh' }),
  start({ name: 'sh', user: 'root' }),
  start({ name: 'vi' }),
  start({ name: 'vi' }),
]

test('counts the events that reach each part of a condition, and those for which it holds', () => {
  const { events, matches, parts } = profileOf('proc.name = sh and user.name = root', EVENTS)
  expect([events, matches]).toEqual([4, 1])
  expect(parts.map(({ text, reached, held }) => [text, reached, held])).toEqual([
    ['proc.name = sh', 4, 2],
    ['user.name = root', 2, 1],
  ])
})

test('suggests moving cheap, selective parts to the front, and names only those', () => {
  const { better } = profileOf('proc.cmdline contains x and proc.name = sh and user.name = nobody', EVENTS)
  expect(better?.order).toEqual(['user.name = nobody'])
})

test('suggests no change to an order that is good enough', () => {
  expect(profileOf('user.name = nobody and proc.cmdline contains x', EVENTS).better).toBeUndefined()
})
