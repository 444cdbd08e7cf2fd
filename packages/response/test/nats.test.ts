/** Responders that share a stream, with a NATS server. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alertJson } from '@falc/engine'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FUZZ_SEED, FUZZ_TIMEOUT, fuzzRuns } from '../../../scripts/testing/fuzz.ts'
import { skipped } from '../../../scripts/testing/needs.ts'
import { DEADLINE_MS, until } from '../../../scripts/testing/wait.ts'
import { natsServer } from '../../outputs/test/transports/nats.ts'
import { missing } from '../../outputs/test/transports/peer.ts'
import { onceKey } from '../src/guard/once.ts'
import { NatsInput, type OnceRecord } from '../src/index.ts'
import { keyOf, NatsOnce } from '../src/nats/bucket.ts'
import { folder, journalOf, playbook, respondWith, shellIn, World } from './machine.ts'

/** `npm run fuzz -- responders --count 10000`: one kill for each hundred. */
const ALERTS = fuzzRuns(180)
const KILLS = Math.max(3, Math.floor(ALERTS / 100))
const SEED = FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31)

const idOf = (i: number) => i.toString(16).padStart(12, '0')

describe.skipIf(skipped('peers', missing('nats-server')))('several responders', () => {
  let server: Awaited<ReturnType<typeof natsServer>>
  let connection: NatsConnection
  const work = mkdtempSync(join(tmpdir(), 'falc-responders-'))
  beforeAll(async () => {
    server = await natsServer()
    connection = await connect({ servers: server.url })
    await (await jetstreamManager(connection)).streams.add({ name: 'FALCO', subjects: ['FALCO.>'] })
  })
  afterAll(async () => {
    await connection.close()
    await server.daemon.stop()
    rmSync(work, { recursive: true, force: true })
  })

  /** The same numbers for the same seed. */
  let state = SEED
  const random = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }

  const title = `killed at any moment (seed ${SEED}): each target is acted on once, or reported as undecided`
  test(title, { timeout: FUZZ_TIMEOUT && 10 * DEADLINE_MS }, async () => {
    const acts = join(work, 'acts')
    const acted = () => (existsSync(acts) ? readFileSync(acts, 'utf8').split('\n').slice(0, -1) : [])
    const start = async (name: string): Promise<ChildProcess> => {
      const args = [server.url, join(work, name), acts]
      const child = fork(join(import.meta.dirname, 'responder.ts'), args, { execArgv: process.execArgv })
      await once(child, 'message')
      return child
    }
    const kill = async (child: ChildProcess) => {
      if (child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    const js = jetstream(connection)
    let published = 0
    const publish = async (count: number) => {
      for (const end = published + count; published < end; published++) {
        const message = alertJson(shellIn(idOf(published), { output: `${published}` }), { id: true })
        await js.publish('FALCO.Notice', message)
        // Every third alert is sent twice.
        if (published % 3 === 0) await js.publish('FALCO.Notice', message)
      }
    }
    const isDone = async () => {
      const { num_pending, num_ack_pending } = await (await jetstreamManager(connection)).consumers.info(
        'FALCO',
        'respond',
      )
      return num_pending === 0 && num_ack_pending === 0
    }
    const members = ['a', 'b', 'c'].map(start)
    await Promise.all(members)
    let [inside, n] = [0, 0]
    for (let round = 0; round < KILLS; round++) {
      // Not the one that is just starting.
      n = (n + 1 + random(2)) % members.length
      const victim = await members[n]!
      victim.send(1 + random(60))
      await publish(Math.ceil((ALERTS - published) / (KILLS - round)))
      await until('its moment comes, or there is nothing to do', async () => victim.signalCode !== null || isDone())
      if (victim.signalCode !== null) inside++
      await kill(victim)
      members[n] = start('abc'[n]!)
    }
    await until('all alerts are acknowledged', isDone, 10 * DEADLINE_MS)
    await Promise.all(members.map(async member => kill(await member)))

    const times = new Map<string, number>()
    for (const id of acted()) times.set(id, (times.get(id) ?? 0) + 1)
    expect([...times].filter(([, n]) => n > 1)).toEqual([])
    const bucket = await new Kvm(js).open('FALCO_RESPONSE')
    const states: Record<string, number> = {}
    for (let i = 0; i < ALERTS; i++) {
      const entry = await bucket.get(keyOf(onceKey('p', 1, 'kill_container', idOf(i))))
      const is = `${entry!.json<OnceRecord>().state}, ${times.has(idOf(i)) ? 'acted on' : 'not acted on'}`
      states[is] = (states[is] ?? 0) + 1
    }
    if (process.env.FALC_FUZZ_RUNS !== undefined) console.log({ kills: KILLS, inside, ...states })
    const {
      'done, acted on': done = 0,
      'undecided, acted on': after = 0,
      'undecided, not acted on': before = 0,
    } = states
    expect({ ...states, sum: done + after + before }).toEqual({
      ...(done && { 'done, acted on': done }),
      ...(after && { 'undecided, acted on': after }),
      ...(before && { 'undecided, not acted on': before }),
      sum: ALERTS,
    })
  })

  test('of responders that claim a step at the same time, one gets it and the others are busy', async () => {
    const bucket = await new Kvm(jetstream(connection)).create('RACE')
    const claim = { key: 'x', alert: 'a', limit: { count: 1, per: 3_600_000 } }
    const responders = Array.from({ length: 8 }, (_, i) => new NatsOnce(bucket, `${i}`, 60_000))
    const verdicts = await Promise.all(responders.map(one => one.claim(claim)))
    expect(verdicts.filter(({ claimed }) => claimed)).toHaveLength(1)
    expect(verdicts.filter(one => 'busy' in one)).toHaveLength(7)
    const winner = verdicts.findIndex(({ claimed }) => claimed)
    await responders[winner]!.settle('x', 'done')
    expect(await responders[(winner + 1) % 8]!.claim(claim)).toMatchObject({ guard: 'once' })
    expect(await responders[0]!.claim({ ...claim, alert: 'b' })).toMatchObject({ guard: 'per_target' })
  })

  test('a new consumer gets the whole stream: old alerts are held back and logged, new ones acted on', async () => {
    const [js, world, path, lines] = [jetstream(connection), new World(), folder(), [] as string[]]
    await (await jetstreamManager(connection)).streams.add({ name: 'BACKLOG', subjects: ['BACKLOG.>'] })
    const publish = (i: number, time: number) =>
      js.publish('BACKLOG.Notice', alertJson(shellIn(idOf(i), { time: new Date(time).toISOString() }), { id: true }))
    for (let i = 1; i <= 20; i++) await publish(i, Date.now() - 3_600_000)
    await publish(0, Date.now())
    const log = (_: unknown, text: string) => void lines.push(text)
    const door = await NatsInput.open({ connection: { url: [server.url] }, stream: 'BACKLOG', log })
    const open = await respondWith(playbook('enforce', '{ total: 1/1h }'), world, {
      ...{ folder: path, once: door.once, log, maxAge: 600_000 },
    })
    const running = door.run((alert, stored) => open.responder.take(alert, stored))
    await until('the new one is acted on', () => world.asked.length > 0)
    await door.close()
    await running
    await open.close()
    expect([world.asked, open.counts.held.age]).toEqual([[`stop container ${idOf(0)}`], 20])
    expect(journalOf(path).filter(line => line.endsWith(': age'))).toHaveLength(20)
    expect(lines.filter(line => line.includes('the alert is more than 600 s old'))).toHaveLength(20)
  })

  test('a message reaches a subscription or a stream, and fails if nobody receives it', async () => {
    const log = () => {}
    const door = await NatsInput.open({ connection: { url: [server.url] }, log })
    const subscription = connection.subscribe('FUNCTIONS.here', { max: 1 })
    await connection.flush()
    const outcomes: string[] = []
    for (const subject of ['FUNCTIONS.here', 'FUNCTIONS.nowhere', 'FALCO.Debug']) {
      const call = { via: 'nats', subject, body: '{}', says: '' } as const
      const { outcome } = await door.port(call, { dry: false, signal: AbortSignal.timeout(60_000), alert: shellIn('') })
      outcomes.push(outcome)
    }
    expect(outcomes).toEqual(['done', 'failed', 'done'])
    for await (const message of subscription) expect(message.string()).toBe('{}')
    // An undo may need it after the last alert.
    await door.stop()
    const call = { via: 'nats', subject: 'FALCO.Debug', body: '{}', says: '' } as const
    const late = { dry: false, signal: AbortSignal.timeout(60_000), alert: shellIn('') }
    expect(await door.port(call, late)).toEqual({ outcome: 'done', said: '' })
    await door.close()
  })

  const nothing = { acted: 0, held: 0, busy: false }

  test('stopped while it begins, it ends', async () => {
    const door = await NatsInput.open({ connection: { url: [server.url] }, log: () => {} })
    const running = door.run(async () => nothing)
    await door.stop()
    await running
    await door.close()
  })

  test('a consumer that was deleted is made again', async () => {
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name: 'GONE', subjects: ['GONE.>'] })
    const door = await NatsInput.open({ connection: { url: [server.url] }, stream: 'GONE', log: () => {} })
    const taken = new Set<string>()
    const running = door.run(async ({ output }) => {
      taken.add(output)
      return nothing
    })
    for (const output of ['before', 'after']) {
      await jetstream(connection).publish('GONE.Notice', alertJson(shellIn(idOf(1), { output })))
      await until('the alert', () => taken.has(output))
      if (output === 'before') await manager.consumers.delete('GONE', 'respond')
    }
    await door.close()
    await running
  })

  describe('an answer that is lost', () => {
    /** A bucket that stores what is written, but loses its nth answers. */
    const losing = async (name: string, ...lost: readonly number[]) => {
      const bucket = await new Kvm(jetstream(connection)).create(name)
      let writes = 0
      const written = async (write: Promise<number>) => {
        const revision = await write
        if (lost.includes(++writes)) throw new Error('no answer')
        return revision
      }
      return {
        get: key => bucket.get(key),
        create: (key, text) => written(bucket.create(key, text)),
        update: (key, text, revision) => written(bucket.update(key, text, revision)),
      } satisfies Pick<KV, 'get' | 'create' | 'update'> as KV
    }

    test.each([
      ['to a claim', 1, ['busy 0', 'acted 1', 'held 1'], 'claim'],
      ['to the record of an outcome', 2, ['busy 1', 'held 1', 'held 1'], 'settle'],
    ])('%s: the alert is delivered again, and the step runs once', async (_, lost, taken, name) => {
      const world = new World()
      const once = new NatsOnce(await losing(`LOST_${name}`, lost), 'me', 60_000)
      const { responder, close } = await respondWith(playbook('enforce'), world, { folder: folder(), once })
      const results: string[] = []
      for (const _ of taken) {
        const { busy, held } = await responder.take(shellIn(idOf(1)))
        results.push(`${busy ? 'busy' : held > 0 ? 'held' : 'acted'} ${world.asked.length}`)
      }
      await close()
      expect(results).toEqual(taken)
      const others = new NatsOnce(await losing(`LOST_${name}`), 'another', 60_000)
      const key = onceKey('p', 1, 'stop_container', idOf(1))
      expect(await others.claim({ key, alert: 'x', limit: { count: 1, per: 3_600_000 } })).toMatchObject({
        guard: 'per_target',
      })
    })
  })
})
