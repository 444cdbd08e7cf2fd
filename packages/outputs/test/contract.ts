/**
 * What every transport promises, whatever it talks to. The suite runs on each receiver of transports/list.ts, in two files at the
 * same time. Receivers that cannot test a promise give the reason in `cannot`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { EMPTY } from '../../../scripts/testing/empty.ts'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import {
  configuredDelivery,
  type Delivery,
  FORMATS,
  falcoJson,
  type OutputStats,
  readOutput,
  secretsIn,
  transportOf,
} from '../src/index.ts'
import { alert, idOf } from './transports/items.ts'
import { folder, type Peer, type PeerKind } from './transports/peer.ts'

const source = alerts()
const reading = { path: [], source: () => source, warn: (_: unknown, reason: string) => expect.fail(reason) }

/** The number of the next alert, unique across all tests. */
let next = 1

const balanced = ({ pushed, delivered, queued, dead, dropped }: OutputStats) => {
  const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0)
  expect(delivered + queued + dead + lost).toBe(pushed)
}

export function contract(kinds: readonly PeerKind[]): void {
  describe.each(kinds)('$title', kind => keepsPromises(kind))
}

function keepsPromises(kind: PeerKind): void {
  if (skipped('peers', kind.missing)) {
    test.skip(`cannot run: ${kind.missing}`)
    return
  }
  // All alerts here have the same key: order per key is the order of all.
  const ordered = transportOf(kind.type)!.ordered !== false
  let peer: Peer
  const open: Delivery[] = []
  const log: string[] = []
  let secrets: readonly string[] = []
  beforeAll(async () => {
    peer = await kind.start()
  })
  afterEach(async () => {
    for (const delivery of open.splice(0)) await delivery.close(0)
    for (const secret of secrets) expect(log.join('\n')).not.toContain(secret)
    log.length = 0
  })
  afterAll(() => peer?.stop())

  /** A delivery to the receiver, as falco.yaml would configure it. */
  function deliver(more: Record<string, unknown> = {}): Delivery {
    const settings = readOutput({ name: 'peer', type: kind.type, linger: '50ms', ...peer.options(), ...more }, reading)
    secrets = secretsIn(settings).filter(secret => secret.length >= 4)
    const delivery = configuredDelivery(settings, {
      hostname: 'node-1',
      source,
      format: name => (name === 'json' ? falcoJson({ id: true }) : FORMATS[name].format),
      backoff: { first: 20, max: 100 },
      stallTimeout: 60_000,
      log: (_, text) => void log.push(text),
    })
    open.push(delivery)
    return delivery
  }

  /** Pushes alerts; returns their ids. */
  function push(delivery: Delivery, count: number): string[] {
    const from = next
    next += count
    for (let n = from; n < next; n++) delivery.push(alert(n))
    return Array.from({ length: count }, (_, i) => idOf(from + i))
  }

  /** Waits until all of these have arrived; returns the ids in order, each once. */
  async function arrived(ids: readonly string[]): Promise<string[]> {
    const wanted = new Set(ids)
    let seen: string[] = []
    await until('all alerts have arrived', async () => {
      seen = [...new Set((await peer.received()).map(({ id }) => id).filter(id => wanted.has(id)))]
      return seen.length === wanted.size
    })
    return seen
  }

  /** A test of a promise that some receivers cannot test. */
  const promise = (name: string, title: string, body: () => Promise<void>) => {
    const reason = kind.cannot?.[name]
    if (reason) test.skip(`${title} (${reason})`)
    else if (name === 'answer')
      test(title, context => (peer.answer ? body() : context.skip('the responses of this receiver cannot be scripted')))
    else test(title, body)
  }

  test('delivers all alerts, in order if the transport is ordered', async () => {
    const delivery = deliver()
    const ids = push(delivery, 30)
    await delivery.flush()
    const seen = await arrived(ids)
    if (ordered) expect(seen).toEqual(ids)
    expect(delivery.stats).toMatchObject({ pushed: 30, delivered: 30, queued: 0, dropped: EMPTY })
    expect(Object.keys(delivery.stats.dropped)).toEqual([])
  })

  test('delivers queued alerts before it closes', async () => {
    const delivery = deliver()
    const ids = push(delivery, 10)
    await delivery.close()
    await arrived(ids)
    balanced(delivery.stats)
  })

  promise('down', 'loses nothing while the receiver is down; logs the failure and the recovery once each', async () => {
    const delivery = deliver()
    const before = push(delivery, 3)
    await delivery.flush()
    await peer.down()
    const during = push(delivery, 12)
    await until('it has tried again', () => delivery.stats.retries >= 2)
    expect(delivery.stats.failing).toBeDefined()
    await peer.up()
    await delivery.flush()
    const seen = await arrived([...before, ...during])
    if (ordered) expect(seen).toEqual([...before, ...during])
    expect(Object.keys(delivery.stats.dropped)).toEqual([])
    balanced(delivery.stats)
    expect(log.filter(text => text.endsWith('; retrying'))).toHaveLength(1)
    expect(log.filter(text => /: recovered after .*, 0 were lost$/.test(text))).toHaveLength(1)
  })

  promise('down', 'counts the alerts that a full queue drops', async () => {
    await peer.down()
    const delivery = deliver({ queue: { max_alerts: 5 } })
    const ids = push(delivery, 20)
    await until('it has tried', () => delivery.stats.failing !== undefined)
    expect(delivery.stats).toMatchObject({ pushed: 20, queued: 5, dropped: { queue_full: 15 } })
    await peer.up()
    await delivery.flush()
    await arrived(ids.slice(0, 5))
    balanced(delivery.stats)
  })

  promise('hang', 'abandons an attempt that is never answered, and retries it', async () => {
    const delivery = deliver({ timeout: '500ms', ...peer.options() })
    const before = push(delivery, 2)
    await delivery.flush()
    await peer.hang!()
    const during = push(delivery, 5)
    await until('it has tried again', () => delivery.stats.retries >= 1)
    await peer.up()
    await delivery.flush()
    await arrived([...before, ...during])
    expect(Object.keys(delivery.stats.dropped)).toEqual([])
  })

  promise('answer', 'waits as long as the Retry-After of a 429 response says', async () => {
    const delivery = deliver()
    peer.answer!(429, { 'retry-after': '0.3' })
    const started = performance.now()
    const ids = push(delivery, 1)
    await delivery.flush()
    expect(performance.now() - started).toBeGreaterThanOrEqual(300)
    await arrived(ids)
    expect(delivery.stats).toMatchObject({ delivered: 1, retries: 1 })
  })

  promise('answer', 'drops an alert that is rejected with 400, and delivers the next one', async () => {
    const delivery = deliver()
    peer.answer!(400)
    push(delivery, 1)
    await delivery.flush()
    expect(delivery.stats).toMatchObject({ delivered: 0, queued: 0, dropped: { http_400: 1 } })
    const ids = push(delivery, 1)
    await delivery.flush()
    await arrived(ids)
    balanced(delivery.stats)
  })

  promise('answer', 'keeps an alert that is rejected with 400 as a dead letter, if the queue is on disk', async () => {
    const disk = folder()
    const delivery = deliver({ queue: { disk } })
    await delivery.open()
    peer.answer!(400)
    const [refused] = push(delivery, 1)
    await delivery.flush()
    const ids = push(delivery, 1)
    await delivery.flush()
    await arrived(ids)
    expect(delivery.stats).toMatchObject({ delivered: 1, dead: 1, dropped: EMPTY })
    balanced(delivery.stats)
    await delivery.close()
    const dead = join(disk, 'peer', 'dead')
    const letters = readdirSync(dead).map(name => readFileSync(join(dead, name), 'utf8'))
    expect(letters).toEqual([expect.stringMatching(`"http_400"[^]*${refused}`)])
    for (const secret of secrets.filter(({ length }) => length >= 8)) expect(letters[0]).not.toContain(secret)
  })

  test('keeps an oversized alert as a dead letter, and delivers those before and after it', async context => {
    if (kind.largest === undefined) return context.skip('the receiver sets no limit')
    const delivery = deliver({ queue: { disk: folder() } })
    await delivery.open()
    const [first] = push(delivery, 1)
    delivery.push(alert(next++, { output: 'x'.repeat(kind.largest) }))
    const [last] = push(delivery, 1)
    await delivery.flush()
    await arrived([first!, last!])
    expect(delivery.stats).toMatchObject({ delivered: 2, dead: 1, dropped: EMPTY })
    balanced(delivery.stats)
    await delivery.close()
  })

  promise('login', 'keeps the queue while the login is refused, and logs the refusal once', async () => {
    const delivery = deliver()
    if (peer.lock) await peer.lock()
    else for (let i = 0; i < 3; i++) peer.answer!(401)
    const ids = push(delivery, 4)
    if (peer.lock) {
      await until('it has tried again', () => delivery.stats.retries >= 2)
      await peer.up()
    }
    await delivery.flush()
    const seen = await arrived(ids)
    if (ordered) expect(seen).toEqual(ids)
    expect(Object.keys(delivery.stats.dropped)).toEqual([])
    const refusals = log.filter(text => text.endsWith('; retrying'))
    expect(refusals).toEqual([peer.lock ? expect.anything() : expect.stringContaining('401')])
    expect(log.filter(text => text.includes(': recovered after'))).toHaveLength(1)
    balanced(delivery.stats)
  })
}
