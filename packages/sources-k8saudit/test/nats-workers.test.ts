/**
 * Audit events on many machines: a receiver and three workers, one of which is killed and one slow. Every event is evaluated,
 * and its alerts have the same id, whichever worker evaluates it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Engine } from '@falc/engine'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { type Started, startFalc } from '../../cli/test/process.ts'
import { natsServer } from '../../outputs/test/transports/nats.ts'
import { missing } from '../../outputs/test/transports/peer.ts'
import { k8sAudit, parseAuditEvents } from '../src/index.ts'

const BATCHES = 60
const EVENTS = 5
const SEED = 20_261_127
const RULES =
  '- {rule: r, desc: d, condition: ka.verb = get, output: "n=%ka.user.name", priority: WARNING, source: k8s_audit}\n'

const eventOf = (n: number) => ({
  ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', auditID: `a${n}`, stage: 'ResponseComplete' },
  ...{ verb: 'get', user: { username: String(n) }, stageTimestamp: '2026-05-04T10:20:30.000000Z' },
})
const batchOf = (i: number) =>
  JSON.stringify({
    ...{ kind: 'EventList', apiVersion: 'audit.k8s.io/v1' },
    items: Array.from({ length: EVENTS }, (_, k) => eventOf(i * EVENTS + k)),
  })

/** Ids of the alerts by event, as one engine gives them. */
function expectedIds(): Map<string, string[]> {
  const source = k8sAudit()
  const engine = new Engine({ sources: [source], identity: 'AUDIT' })
  expect(engine.load([{ name: 'r.yaml', content: RULES }]).errors).toEqual([])
  const events = Array.from({ length: BATCHES }, (_, i) => parseAuditEvents(batchOf(i))).flat()
  return new Map(events.map((event, n) => [String(n), [engine.evaluate(source, event)[0]!.id]]))
}

describe.skipIf(skipped('peers', missing('nats-server')))('a receiver and workers', () => {
  let nats: Awaited<ReturnType<typeof natsServer>>
  let connection: NatsConnection
  let manager: JetStreamManager
  let sink: Server
  let url = ''
  /** Ids by event, and how many alerts each worker has sent. */
  const ids = new Map<string, Set<string>>()
  const sent = { a: 0, b: 0, slow: 0 }
  const work = mkdtempSync(join(tmpdir(), 'falc-workers-'))
  const running = new Set<Started>()

  beforeAll(async () => {
    nats = await natsServer()
    connection = await connect({ servers: nats.url })
    manager = await jetstreamManager(connection)
    sink = createServer(async (request, response) => {
      const name = request.url!.slice(1) as keyof typeof sent
      const { output, id } = JSON.parse(await text(request))
      const event = /n=(\d+)/.exec(output)![1]!
      ids.set(event, (ids.get(event) ?? new Set()).add(id))
      sent[name]++
      if (name === 'slow') await sleep(20)
      response.end()
    })
    await new Promise<void>(resolve => sink.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    for (const { child, exit } of running) {
      child.kill('SIGKILL')
      await exit
    }
    sink.close()
    sink.closeAllConnections()
    await connection.close()
    await nats.daemon.stop()
    rmSync(work, { recursive: true, force: true })
  })

  const start = (name: string, from: string, settings: object): Started => {
    writeFileSync(join(work, 'rules.yaml'), RULES)
    writeFileSync(join(work, `${name}.yaml`), JSON.stringify({ engine: { kind: 'nodriver' }, ...settings }))
    const falc = startFalc(['run', '-c', `${name}.yaml`, '--k8s-audit', from], work)
    running.add(falc)
    return falc
  }
  const worker = (name: keyof typeof sent): Started => {
    const output = { name: 'hook', type: 'webhook', url: `${url}/${name}` }
    return start(name, `${nats.url}/AUDIT`, {
      ...{ rules_files: ['rules.yaml'], json_include_id_property: true, stdout_output: { enabled: false } },
      plugins: [{ name: 'k8saudit', init_config: { nats: { max_deliveries: 1000 } } }],
      // The slow one waits for its receiver; the others have queues on disk, which survive a kill.
      outputs: [{ ...output, queue: name === 'slow' ? { max_alerts: 4 } : { disk: join(work, name) } }],
    })
  }

  test('with one worker killed and one slow, every event is evaluated, and its alerts have one id', async () => {
    await manager.streams.add({ name: 'AUDIT', subjects: ['AUDIT.>'], retention: 'workqueue' })
    await manager.consumers.add('AUDIT', {
      durable_name: 'falc',
      ack_policy: 'explicit',
      ack_wait: 3e9,
      max_deliver: -1,
    })
    const port = await freePort()
    const receiver = start('receiver', `http://127.0.0.1:${port}/k8s-audit`, {
      stdout_output: { enabled: true },
      plugins: [{ name: 'k8saudit', init_config: { publish: `${nats.url}/AUDIT` } }],
    })
    const post = (body: string) =>
      fetch(`http://127.0.0.1:${port}/k8s-audit`, {
        ...{ method: 'POST', body, headers: { 'content-type': 'application/json' } },
      }).then(
        ({ status }) => status,
        () => 0,
      )
    await receiver.sees('Opening event source')
    await until('the receiver listens', async () => (await post(batchOf(0))) === 200)
    const victim = worker('a')
    worker('b')
    worker('slow')
    // The seed decides when the victim dies: after this many of its alerts.
    const enough = 1 + (SEED % (BATCHES / 2))
    const posting = (async () => {
      for (let i = 0; i < BATCHES; i++) {
        // Half of the batches are posted before the victim dies, the others after.
        if (i === BATCHES / 2) await victim.exit
        expect(await post(batchOf(i))).toBe(200)
      }
    })()
    await until(`${enough} alerts`, () => sent.a >= enough || ids.size >= (BATCHES / 2) * EVENTS)
    victim.child.kill('SIGKILL')
    await posting
    // What it had queued on disk is sent when it is started again.
    const again = worker('a')
    await again.sees('Opening event source')
    await eventually(() => expect(ids.size).toBe(BATCHES * EVENTS))
    await until('all is acknowledged', async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info('AUDIT', 'falc')
      return num_pending + num_ack_pending === 0
    })
    expect(new Map([...ids].map(([event, found]) => [event, [...found]]))).toEqual(expectedIds())
    // Both exit cleanly on SIGTERM.
    for (const one of [again, receiver]) {
      one.child.kill('SIGTERM')
      expect(await one.exit).toBe(0)
    }
  })
})
