/** Responders that share a stream, with a server. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alertJson } from '@falc/engine'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { natsServer } from '../../outputs/test/transports/nats.ts'
import { missing } from '../../outputs/test/transports/peer.ts'
import type { OnceRecord } from '../src/index.ts'
import { NatsOnce } from '../src/nats/bucket.ts'
import { shellIn } from './machine.ts'

const ALERTS = 180
const KILLS = 3

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

  test('killed again and again in the middle: each target is acted on once, or reported as undecided', async () => {
    const acts = join(work, 'acts')
    const acted = () => (existsSync(acts) ? readFileSync(acts, 'utf8').split('\n').slice(0, -1) : [])
    const start = async (name: string): Promise<ChildProcess> => {
      const args = [server.url, join(work, name), acts]
      const child = fork(join(import.meta.dirname, 'responder.ts'), args, { execArgv: process.execArgv })
      await once(child, 'message')
      return child
    }
    const kill = async (child: ChildProcess) => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    const members = ['a', 'b', 'c'].map(start)
    await Promise.all(members)
    const js = jetstream(connection)
    const messages = Array.from({ length: ALERTS }, (_, i) =>
      alertJson(shellIn(idOf(i), { output: `${i}` }), { id: true }),
    )
    for (const message of messages) await js.publish('FALCO.Notice', message)
    // The same alerts once more.
    for (const message of messages.slice(0, 50)) await js.publish('FALCO.Notice', message)

    const consumer = async () => (await jetstreamManager(connection)).consumers.info('FALCO', 'respond')
    for (let round = 1; round <= KILLS; round++) {
      const enough = Math.floor((round * ALERTS) / (KILLS + 1))
      await until(`${enough} acts`, async () => acted().length >= enough || (await consumer()).num_pending === 0)
      const victim = round % members.length
      await kill((await members[victim])!)
      members[victim] = start('abc'[victim]!)
    }
    await until('all alerts are acknowledged', async () => {
      const { num_pending, num_ack_pending } = await consumer()
      return num_pending === 0 && num_ack_pending === 0
    })
    await Promise.all(members.map(async member => kill(await member)))

    const times = new Map<string, number>()
    for (const id of acted()) times.set(id, (times.get(id) ?? 0) + 1)
    expect([...times].filter(([, n]) => n > 1)).toEqual([])
    const bucket = await new Kvm(js).open('FALCO_RESPONSE')
    const states = { done: 0, undecided: 0, claimed: 0 }
    for await (const key of await bucket.keys()) states[(await bucket.get(key))!.json<OnceRecord>().state]++
    expect(states.claimed).toBe(0)
    expect(states.done + states.undecided).toBe(ALERTS)
    // What was not acted on is among the undecided, and so is what was acted on but not recorded.
    expect(ALERTS - times.size).toBeLessThanOrEqual(states.undecided)
  })

  test('two that claim at the same time: one gets it, the other comes again', async () => {
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
})
