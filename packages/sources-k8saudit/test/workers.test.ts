/** Workers find exactly what one thread finds, whatever the input, and whatever happens to a worker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { type InputOptions, openAuditLog, openAuditWebhook, readAuditStream } from '../src/index.ts'
import type { Piece } from '../src/piece.ts'
import { InOrder, Pool } from '../src/workers/workers.ts'
import { byOne, byWorkers, closePool, engineOf, lentPool, RULES, type Seen } from './shared.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-workers-'))
})
afterAll(async () => {
  await closePool()
  rmSync(dir, { recursive: true })
})

const eventOf = (n: number, more: object = {}) => ({
  ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', auditID: `a${n}`, stage: 'ResponseComplete' },
  ...{ verb: n % 5 === 0 ? 'get' : 'watch', user: { username: `u${n % 50}` }, note: 'ü'.repeat(n % 300), ...more },
  stageTimestamp: new Date(Date.UTC(2026, 4, 4) + n * 7).toISOString().replace('Z', '000Z'),
})
const line = (n: number, more?: object) => JSON.stringify(eventOf(n, more))
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i))

/** What must be the same for one thread and for workers. */
const facts = ({ alerts, problems, stats, losses, events }: Seen) => ({
  alerts,
  problems,
  stats: { ...stats },
  losses,
  events,
})

const total = (shares: readonly number[]) => shares.reduce((sum, events) => sum + events)

const chunksOf = (text: Buffer, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.subarray(i * size, (i + 1) * size))

const logOf = (text: string | Buffer) => {
  const path = join(dir, `${Math.random()}.log`)
  writeFileSync(path, text)
  return (options: InputOptions) => openAuditLog(path, options)
}

test('a log of lines gives the same alerts in the same order, all evaluated by workers', async () => {
  const log = logOf(`${lines(0, 3000).join('\n')}\n`)
  const [one, shared] = [await byOne(log), await byWorkers(log)]
  expect(facts(shared)).toEqual(facts(one))
  expect(one.alerts).toHaveLength(900)
  expect(shared.order.unshared).toEqual({})
  expect(shared.shares.map(events => events > 0)).toEqual([true, true])
  expect(total(shared.shares)).toBe(3000)
})

test('multi-line documents, lists, bad lines, byte order marks and a huge line give the same results', async () => {
  const parts: (string | Buffer)[] = []
  for (let n = 0; n < 2400; n++) {
    const pretty = () => JSON.stringify(eventOf(n), null, 2)
    const list = () =>
      JSON.stringify({ kind: 'EventList', items: [eventOf(n), 7, eventOf(n + 1)] }, null, n % 2 ? 1 : 0)
    const forms = [
      pretty,
      list,
      () => `[\n${line(n)},\n${line(n)}]`,
      () => `${line(n)} ${line(n)}`,
      () => line(n).slice(0, -9),
    ]
    const others = [() => 'noise', () => `\ufeff${line(n)}`, () => '{"kind":"Event",\n"auditID":', () => '', () => ']']
    const odd = [...forms, ...others, () => Buffer.from([0x7b, 0xff, 0xc3])][Math.floor(n / 3) % 11]!
    parts.push(n % 97 === 0 ? odd() : line(n), '\n')
    if (n === 1200) parts.push(line(n, { note: 'x'.repeat(1_500_000) }), '\n')
  }
  parts.push(line(5000))
  const text = Buffer.concat(parts.map(part => Buffer.from(part as string)))
  const log = logOf(text)
  const [one, shared] = [await byOne(log), await byWorkers(log)]
  expect(facts(shared)).toEqual(facts(one))
  expect(one.problems.length).toBeGreaterThan(5)
  // Of these, most pieces end within a document.
  const pretty = (to: number) =>
    Buffer.from(Array.from({ length: to }, (_, n) => JSON.stringify(eventOf(n), null, n % 9 < 6 ? 0 : 2)).join('\n'))
  const head = chunksOf(pretty(150), 1000)
  const stream = (options: InputOptions) => readAuditStream(Readable.from(head), options)
  const [first, cut] = [await byOne(stream), await byWorkers(stream)]
  expect(facts(cut)).toEqual(facts(first))
  expect(cut.order.unshared).toMatchObject({ unfinished: expect.any(Number), order: expect.any(Number) })
})

test('results that depend on earlier events are the same: ids of events without an auditID, evt.num', async () => {
  const note = (n: number) =>
    JSON.stringify({ kind: 'Event', verb: 'get', note: n, stageTimestamp: '2026-05-04T10:20:30Z' })
  const odd = lines(0, 2400).map((text, n) => (n % 1000 === 500 ? note(n) : text))
  const rules = JSON.stringify([
    {
      rule: 'r',
      desc: 'd',
      condition: 'jevt.value[/verb] = get',
      priority: 'INFO',
      source: 'k8s_audit',
      output: '%jevt.value[/note]',
    },
  ])
  const log = logOf(odd.join('\n'))
  const [one, shared] = [await byOne(log, { rules }), await byWorkers(log, { rules })]
  expect(facts(shared)).toEqual(facts(one))
  expect(shared.order.unshared.numbers).toBeGreaterThan(0)
  const numbered = RULES.replaceAll('%ka.auditid', '%evt.num')
  const counted = await byWorkers(log, { rules: numbered })
  expect(counted.alerts).toEqual((await byOne(log, { rules: numbered })).alerts)
})

test('a stream gives the same results in chunks that end anywhere', async () => {
  const text = Buffer.from(lines(0, 900).join('\n'))
  const stream = (options: InputOptions) => readAuditStream(Readable.from(chunksOf(text, 7777)), options)
  const [one, shared] = [await byOne(stream), await byWorkers(stream)]
  expect(facts(shared)).toEqual(facts(one))
  expect(shared.alerts).toHaveLength(270)
})

test('a part that makes its worker exit or hang is given up the second time; the others are evaluated', async () => {
  let clock = 0
  const program = new URL('./faulty-worker.ts', import.meta.url)
  const trouble: string[] = []
  const pool = await Pool.open({
    ...{ workers: 2, ruleset: engineOf().save(), sieved: false, program, now: () => clock },
    onTrouble: text => trouble.push(text),
  })
  try {
    const part = (text: string) => ({ form: 'body', bytes: Buffer.from(text) }) as const
    const good = [1, 2, 3, 4].map(n => pool.evaluate(part(line(5 * n))))
    const fatal = pool.evaluate(part('"END"'))
    good.push(pool.evaluate(part(line(25))))
    expect(await fatal).toBe('lost')
    expect((await Promise.all(good)).map(one => (typeof one === 'object' ? one.alerts.length : one))).toEqual([
      1, 1, 1, 1, 1,
    ])
    expect(pool.counts.reduce((sum, { restarts }) => sum + restarts, 0)).toBe(2)
    let outcome: unknown
    void pool.evaluate(part('"HANG"')).then(one => (outcome = one))
    await until('it is given up', () => {
      clock += 120_000
      pool.endOverdue()
      return outcome
    })
    expect(outcome).toBe('lost')
    expect(pool.counts.reduce((sum, { restarts }) => sum + restarts, 0)).toBe(4)
    expect(pool.lost).toBe(2)
    expect(trouble.filter(text => text.endsWith('is begun anew; what it evaluated is lost: 5 bytes'))).toHaveLength(1)
    expect(await pool.evaluate(part(line(35)))).toMatchObject({ events: 1 })
  } finally {
    await pool.close()
  }
})

test('a part that is given up is counted and reported, and later problems keep their line numbers', async () => {
  const program = new URL('./faulty-worker.ts', import.meta.url)
  const texts = [...lines(0, 800), '"END"', ...lines(800, 1600), 'noise', ...lines(1600, 2400)]
  const log = logOf(`${texts.join('\n')}\n`)
  const seen = await byWorkers(log, { program })
  expect(seen.losses).toEqual({ worker: 1, 'bad-json': 1 })
  expect(seen.problems.map(({ cause }) => cause)).toEqual(['worker', 'bad-json'])
  expect(seen.problems[1]!.line).toBe(1602)
  const all = new Set((await byOne(log)).alerts)
  expect(seen.alerts.filter(alert => !all.has(alert))).toEqual([])
})

test('damaged rules are an error when workers are opened, and later leave all events to one thread', async () => {
  const ruleset = engineOf().save()
  await expect(Pool.open({ workers: 2, ruleset: ruleset.subarray(0, 40), sieved: false })).rejects.toThrow('damaged')
  const log = logOf(`${lines(0, 3000).join('\n')}\n`)
  const trouble: string[] = []
  let broken = false
  const seen = await byWorkers(log, {
    onTrouble: text => trouble.push(text),
    opened: pool => pool.load(ruleset.subarray(0, 40)),
    eachAlert: () => (broken = true),
  })
  expect(broken).toBe(true)
  expect(facts(seen)).toEqual(facts(await byOne(log)))
  expect(trouble).toEqual([expect.stringContaining('the workers cannot be used any more: saved ruleset is damaged')])
})

test('new rules take effect from the next part on', async () => {
  const rules = RULES.replaceAll('"get"', '"new get"')
  const pool = await lentPool()
  const part = { form: 'body', bytes: Buffer.from(line(5)) } as const
  const before = [1, 2, 3].map(() => pool.evaluate(part))
  pool.load(engineOf(rules).save())
  const after = [1, 2, 3].map(() => pool.evaluate(part))
  const names = async (outcomes: typeof before) =>
    (await Promise.all(outcomes)).map(one => typeof one === 'object' && one.alerts[0]!.rule)
  expect((await names(after)).slice(1)).toEqual(['new get', 'new get'])
  expect(await names(before)).toContain('get')
})

test('reading ahead stays within its bound, however long alerts wait', async () => {
  const bytes = Buffer.from(`${lines(0, 50).join('\n')}\n`)
  let given = 0
  let settled = 0
  let most = 0
  async function* pieces(): AsyncGenerator<Piece> {
    for (let i = 0; i < 40; i++) {
      given++
      most = Math.max(most, given - settled)
      yield { part: { form: 'lines', bytes }, read: () => [], join: () => true, settle: () => void settled++ }
    }
  }
  const pool = await lentPool()
  const order = new InOrder(pieces(), pool, {
    maxBytes: 3 * bytes.length,
    minBytes: 0,
    usable: () => true,
    stop: () => {},
  })
  const results = order.results()
  await results.next()
  await until('as much is read as is allowed', () => order.bytes === 3 * bytes.length)
  let events = 50
  for await (const result of results) events += 'events' in result ? result.events : 0
  expect(events).toBe(2000)
  expect([given, settled]).toEqual([40, 40])
  expect(most).toBeLessThanOrEqual(4)
})

test('workers that are stopped evaluate what was read, and a followed log continues from there', async () => {
  const path = join(dir, 'followed.log')
  const state = join(dir, 'followed.json')
  writeFileSync(path, `${lines(0, 6000).join('\n')}\n`)
  const open = (options: InputOptions) => openAuditLog(path, { ...options, follow: true, state, pollMs: 5 })
  const alerts: string[] = []
  for (let run = 0; run < 3; run++) {
    const stop = new AbortController()
    const seen = await byWorkers(open, {
      ...{ signal: stop.signal, maxBytes: 1 },
      eachAlert: alert => (run < 2 || alert.includes('a5997')) && stop.abort(),
    })
    alerts.push(...seen.alerts)
  }
  expect(alerts).toEqual((await byOne(logOf(`${lines(0, 6000).join('\n')}\n`))).alerts)
})

test('an error of the consumer ends the evaluation with this error', async () => {
  const log = logOf(`${lines(0, 3000).join('\n')}\n`)
  const fault = new Error('no')
  const eachAlert = () => Promise.reject(fault)
  await expect(byWorkers(log, { eachAlert })).rejects.toBe(fault)
})

test('a webhook gives the same alerts in order of arrival, and refuses the same bodies', async () => {
  const bodies = Array.from({ length: 30 }, (_, i) =>
    JSON.stringify({ kind: 'EventList', items: [...Array.from({ length: 40 }, (_, k) => eventOf(i * 40 + k)), 7] }),
  )
  const headers = { 'content-type': 'application/json' }
  const asked: [string, number][] = [
    ['{"kind":"Pod"}', 400],
    ['nonsense', 400],
    ['{"kind":"EventList","items":[]}', 200],
  ]
  const post = async (url: string) => {
    const answers: number[] = []
    for (const [body, wanted] of [...bodies.slice(0, 10).map((one): [string, number] => [one, 200]), ...asked])
      expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(wanted)
    for (const body of bodies.slice(10)) answers.push((await fetch(url, { method: 'POST', body, headers })).status)
    expect(answers).toEqual(bodies.slice(10).map(() => 200))
  }
  for (const answer of ['queued', 'evaluated'] as const) {
    const hook = <S extends Seen>(
      run: (open: (options: InputOptions) => Promise<never>, signal: AbortSignal) => Promise<S>,
    ) => {
      const stop = new AbortController()
      const opening = Promise.withResolvers<string>()
      const seen = run(async options => {
        const at = await openAuditWebhook({ ...options, answer, port: 0, host: '127.0.0.1' })
        opening.resolve(at.url)
        return at as never
      }, stop.signal)
      return opening.promise.then(post).then(() => {
        stop.abort()
        return seen
      })
    }
    const one = await hook((open, signal) => byOne(open, { signal }))
    const shared = await hook((open, signal) => byWorkers(open, { signal }))
    expect(shared.alerts).toEqual(one.alerts)
    expect(shared.problems).toEqual(one.problems)
    expect({ ...shared.stats }).toEqual({ ...one.stats })
    expect(one.stats).toMatchObject({ requests: 33, events: 1200, refused: { 'bad-body': 2 } })
    expect(total(shared.shares)).toBe(1200)
  }
})
