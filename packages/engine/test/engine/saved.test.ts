import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { Regex } from '../../src/fields/regex.ts'
import { alertJson, type FieldDef, loadRuleset, type Source } from '../../src/runtime.ts'
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

test('programs of one source share the memos on threads and fds', () => {
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

const request = fc.record<Request>({
  action: fc.constantFrom('delete', 'read', 'write'),
  user: fc.constantFrom('eve', 'cleaner', 'ann'),
  rows: fc.integer({ min: 0, max: 600 }),
})
const act = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom('sh', 'cat'), fc.integer({ min: 0, max: 3 }))
const selection = fc.record({
  op: fc.constantFrom('enable' as const, 'disable' as const),
  rule: fc.constantFrom('*', 'shop 1', 'threads 2', '*2'),
})
/** With a fixed time, so that two evaluations of one event print the same. */
const timed = { ...threads, time: () => 1_700_000_000_000_000_000n }
/** Conditions for each source, which rules of random priority use. */
const CONDITIONS = {
  shop: ['shop.action = delete', 'shop.user = eve and shop.rows > 100', 'shop.action in (read, write)'],
  threads: ['evt.type = open and proc.name = sh', 'evt.size > 1', 'evt.type in (close, execve) and proc.name = cat'],
}
const rules = (source: keyof typeof CONDITIONS) =>
  fc.array(
    fc.record({
      condition: fc.constantFrom(...CONDITIONS[source]),
      priority: fc.constantFrom('ERROR', 'NOTICE', 'DEBUG'),
      enabled: fc.boolean(),
    }),
    { maxLength: 4 },
  )

test('a saved ruleset behaves like the engine, whatever the sources, rules and options', () => {
  fc.assert(
    fc.property(
      fc.subarray([shop, timed], { minLength: 1 }),
      fc.record({ shop: rules('shop'), threads: rules('threads') }),
      fc.record(
        {
          priority: fc.constantFrom('error', 'notice', 'debug'),
          ruleMatching: fc.constantFrom('first' as const, 'all' as const),
          ruleSelection: fc.array(selection, { maxLength: 2 }),
          appendOutput: fc.array(fc.record({ extra_output: fc.constantFrom('X', '%static.zone') }), { maxLength: 1 }),
          timeFormatIso8601: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
      fc.array(request, { maxLength: 6 }),
      fc.array(act, { maxLength: 6 }),
      (sources, written, options, requests, acts) => {
        const engine = new Engine({ ...options, sources, staticFields: { zone: 'dmz' }, hostname: 'h' })
        const items = sources.flatMap(({ name }) =>
          written[name as keyof typeof CONDITIONS].map((rule, i) => ({
            ...{ rule: `${name} ${i}`, desc: 'd', output: 'o', source: name, ...rule },
          })),
        )
        expect(engine.load([{ name: 'r.yaml', content: JSON.stringify(items) }]).errors).toEqual([])
        const detector = loadRuleset(engine.save(), { sources, hostname: 'h' })
        for (const source of sources as readonly Source[]) {
          expect(detector.wantedTypes(source)).toEqual(engine.wantedTypes(source))
          const events =
            source === shop
              ? requests
              : acts.map(([type, name, size]) => new Act(type, new Thread(name, name), new Fd('/etc/passwd'), size))
          const seen = (from: Pick<Engine, 'evaluate'>, event: unknown) =>
            from.evaluate(source, event).map(alert => alertJson(alert))
          for (const event of events) expect(seen(detector, event)).toEqual(seen(engine, event))
        }
        expect(detector.stats()).toEqual(engine.stats())
      },
    ),
  )
})

test('an invalid ruleset or a missing source is refused with the reason', () => {
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
  expect([...packages].sort()).toEqual(['@noble/hashes/sha2.js', 're2js'])
  expect(
    [...seen].filter(path => /\/condition\/(?:parse|grammar)|\/rules\/(?:yaml|read|collect|resolve)/.test(path)),
  ).toEqual([])
})

test.each([
  ['shop.rows', { type: 'string', extract: () => 'many' }, 'uint32', 'string'],
  ['shop.user', { list: true }, 'string', 'string (list)'],
  ['shop.user', { anyOf: true }, 'string', 'string (any of)'],
])('a field %s whose type has changed since saving is refused: %j', (name, change, savedType, type) => {
  const field = { ...shop.fields[name]!, ...change } as FieldDef
  const changed = { ...shop, fields: { ...shop.fields, [name]: field } }
  expect(() => loadRuleset(saved().bytes, { sources: [changed] })).toThrow(
    new Error(`saved program needs field '${name}' of type ${savedType}, source 'shop' declares ${type}`),
  )
})

/** A ruleset over threads, with a program for each event type. */
function savedThreads(condition: string): Uint8Array {
  const engine = new Engine({ sources: [threads] })
  engine.load([
    {
      name: 'r.yaml',
      content: JSON.stringify([{ rule: 'r', desc: 'd', condition, output: 'o', priority: 'INFO', source: 'threads' }]),
    },
  ])
  return engine.save()
}

test('loading a ruleset reports operators, fields and scopes that its programs lack', () => {
  const bytes = savedThreads('evt.type = open and proc.name regex "^s" and fd.path startswith /etc')
  expect(() => loadRuleset(bytes, { sources: [threads] })).toThrow('pass the option regex')
  const { 'proc.name': _, ...fields } = threads.fields
  expect(() => loadRuleset(bytes, { sources: [{ ...threads, fields }], regex: Regex })).toThrow('nonexistent field')
  const { fd, ...scopes } = threads.scopes!
  expect(() => loadRuleset(bytes, { sources: [{ ...threads, scopes }], regex: Regex })).toThrow("needs the scope 'fd'")
  expect(fd).toBeDefined()
})

test('a program with any damaged byte is refused when the ruleset is loaded', () => {
  const bytes = savedThreads('evt.type = open and proc.name = sh and fd.path startswith /etc')
  const header = 12 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true)
  fc.assert(
    fc.property(fc.integer({ min: header, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = bytes.slice()
      damaged[at]! ^= flip
      expect(() => loadRuleset(damaged, { sources: [threads] })).toThrow(/saved program|not a saved program/)
    }),
  )
})
