import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { alertJson, loadRuleset } from '../../src/runtime.ts'
import { Act, Fd, Thread, threads } from '../ruleset/threads.ts'
import { type Request, RULES, shop } from './shop.ts'

function saved(): { engine: Engine; bytes: Uint8Array } {
  const engine = new Engine({ sources: [shop], ruleMatching: 'all', staticFields: { zone: 'dmz' } })
  engine.load([
    { name: 'shop.yaml', content: RULES.replace('deletes"', 'deletes in %static.zone (%toupper(shop.action))"') },
  ])
  return { engine, bytes: engine.save() }
}

test.each(['vm', 'jit'] as const)('a saved ruleset gives the same alerts (%s)', backend => {
  const { engine, bytes } = saved()
  const detector = loadRuleset(bytes, { sources: [shop], backend })
  const events: Request[] = [
    { action: 'delete', user: 'eve', rows: 500 },
    { action: 'delete' },
    { action: 'read', user: 'eve' },
    { action: 'delete', user: 'cleaner', rows: 101 },
  ]
  for (const event of events)
    expect(detector.evaluate(shop, event).map(a => alertJson(a))).toEqual(
      engine.evaluate(shop, event).map(a => alertJson(a)),
    )
  expect(detector.stats()).toMatchObject({ events: 4, matches: 4 })
})

test('programs of one source share what they keep on threads and fds', () => {
  const engine = new Engine({ sources: [threads] })
  const rules = [0, 1, 2].map(type => ({
    rule: `r${type}`,
    desc: 'd',
    condition: `evt.type = ${['open', 'close', 'execve'][type]} and proc.name = sh and fd.path startswith /etc and evt.size > 1`,
    output: 'o',
    priority: 'INFO',
    source: 'threads',
  }))
  engine.load([{ name: 'r.yaml', content: JSON.stringify(rules) }])
  const detector = loadRuleset(engine.save(), { sources: [threads] })
  const thread = new Thread('sh', 'sh')
  const fd = new Fd('/etc/passwd')
  for (let round = 0; round < 3; round++)
    for (const type of [0, 1, 2]) {
      expect(detector.evaluate(threads, new Act(type, thread, fd, 5)).map(a => a.rule)).toEqual([`r${type}`])
      expect(detector.evaluate(threads, new Act(type, thread, fd, 0))).toEqual([])
    }
  const { memo } = thread
  detector.evaluate(threads, new Act(0, thread, fd, 5))
  expect(thread.memo).toBe(memo)
  expect(detector.wantedTypes(threads)).toEqual(engine.wantedTypes(threads))
})

test('what is no ruleset is refused with the reason', () => {
  const { bytes } = saved()
  const options = { sources: [shop] }
  expect(() => loadRuleset(new Uint8Array(3), options)).toThrow('not a saved ruleset')
  expect(() => loadRuleset(bytes.slice(0, -1), options)).toThrow('damaged')
  expect(() =>
    loadRuleset(
      Uint8Array.from(bytes, (b, i) => (i === 4 ? 99 : b)),
      options,
    ),
  ).toThrow('version 99')
  expect(() => loadRuleset(bytes, { sources: [] })).toThrow("needs source 'shop'")
})

test('the runtime imports no parser', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (url: URL) => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    const text = readFileSync(url, 'utf8').replace(/^(?:import|export) type [^;]*? from .*$/gm, '')
    for (const [, names, path] of text.matchAll(/^(?:import|export) (\{[\s\S]*?\}|\*[^'"]*) from '([^']+)'/gm)) {
      if (/^\{(?:\s*type \w+,?)*\s*\}$/.test(names!)) continue
      if (path!.startsWith('.')) visit(new URL(path!, url))
      else packages.add(path!)
    }
  }
  visit(new URL('../../src/runtime.ts', import.meta.url))
  expect([...packages]).toEqual(['re2js'])
  expect([...seen].filter(path => /\/condition\/(?:parse|grammar)|\/rules\/(?:yaml|loader)/.test(path))).toEqual([])
})
