/**
 * Audit events through JetStream: one, two and three workers beside one process that reads the same bodies without it. On a machine with two
 * cores, which the server and the workers share, the CPU time of an event is what holds elsewhere; wall time shows only that work is shared.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Engine } from '@falc/engine'
import { connectNats } from '@falc/outputs/nats'
import { type AuditEvent, AuditLogDecoder, k8sAudit, PLUGINS } from '@falc/sources-k8saudit'
import { AuditConsumer, AuditPublisher } from '@falc/sources-k8saudit/nats'
import { natsServer } from '../../packages/outputs/test/transports/nats.ts'
import { missing } from '../../packages/outputs/test/transports/peer.ts'
import { clusterLog } from './cluster.ts'
import { auditRules } from './files.ts'
import { report, times } from './measure.ts'
import { cpuOf, treeOf } from './processes.ts'
import { benchThreads } from './threads.ts'

const BATCHES = 60
/** What an API server sends at most at a time, by default. */
const EVENTS = 400
const ROUNDS = 3
/** Milliseconds between two reports of a worker. */
const REPORT = 10

interface Turn {
  /** From the first event to the last, in seconds. */
  readonly wall: number
  /** Of all processes but the server, and of the server, in seconds. */
  readonly cpu: number
  readonly server: number
}

function evaluator() {
  const source = k8sAudit()
  const engine = new Engine({ sources: [source], plugins: PLUGINS, identity: 'bench' })
  const loaded = engine.load(auditRules())
  if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
  return { source, engine }
}

function bodies(): Buffer[] {
  const lines = clusterLog(BATCHES * EVENTS)
  return Array.from({ length: BATCHES }, (_, i) => {
    const items = lines.slice(i * EVENTS, (i + 1) * EVENTS).join(',')
    return Buffer.from(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${items}]}`)
  })
}

export async function benchScale(): Promise<void> {
  await benchThreads(false)
  await benchThreads(true)
  const reason = missing('nats-server')
  if (reason !== undefined) return console.log(`scale: skipped, ${reason}`)
  const { daemon, url } = await natsServer()
  try {
    const [, ...server] = treeOf(process.pid)
    await measure(url, server)
  } finally {
    await daemon.stop()
  }
}

async function measure(url: string, server: readonly number[]): Promise<void> {
  const { connection } = await connectNats({ url: [url] }, 'bench')
  const all = bodies()
  const bytes = all.reduce((sum, { length }) => sum + length, 0)
  const count = BATCHES * EVENTS
  console.log(
    `Workers: ${BATCHES} batches of ${EVENTS} events, ${(bytes / 1e6).toFixed(0)} MB, ${availableParallelism()} cores, best of ${ROUNDS}`,
  )
  const publishing: Turn[] = []
  const direct: Turn[] = []
  const shared: Turn[][] = [[], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    direct.push(await alone())
    for (const [i, turns] of shared.entries()) {
      const stream = `B${round}_${i}`
      const publisher = await AuditPublisher.open({ connection, stream, maxBytes: 1 << 30 })
      publishing.push(await timed([process.pid], server, () => store(publisher, all)))
      turns.push(await workers(i + 1, url, stream, server))
    }
  }
  await connection.close()
  const best = (turns: readonly Turn[], of: keyof Turn) => Math.min(...turns.map(turn => turn[of]))
  const micros = (seconds: number) => `${((seconds / count) * 1e6).toFixed(1)} µs`
  report('one process without JetStream: CPU of an event', micros(best(direct, 'cpu')))
  report('receiver: CPU of an event', micros(best(publishing, 'cpu')))
  report('server: CPU of an event, stored and taken', micros(best(publishing, 'server') + best(shared[0]!, 'server')))
  for (const [i, turns] of shared.entries()) {
    const name = `${i + 1} ${i === 0 ? 'worker' : 'workers'}`
    report(`${name}: CPU of an event beside one process`, times(best(turns, 'cpu') / best(direct, 'cpu')))
    report(`${name}: throughput beside one process`, times(best(direct, 'wall') / best(turns, 'wall')))
  }
}

/** Four at a time, as an API server or two would. */
async function store(publisher: AuditPublisher, all: readonly Buffer[]): Promise<void> {
  for (let i = 0; i < all.length; i += 4) {
    const refused = await Promise.all(all.slice(i, i + 4).map(publisher.forward))
    if (refused.some(one => one !== undefined)) throw new Error('a body was refused')
  }
}

async function timed(pids: readonly number[], server: readonly number[], work: () => Promise<void>): Promise<Turn> {
  const [start, cpu, own] = [performance.now(), cpuOf(pids), cpuOf(server)]
  await work()
  return { wall: (performance.now() - start) / 1000, cpu: cpuOf(pids) - cpu, server: cpuOf(server) - own }
}

/** In a process of its own, as a worker is, which has the bodies in memory. */
async function alone(): Promise<Turn> {
  const child = await started()
  const turn = await timed([child.pid!], [], async () => {
    child.send('go')
    await once(child, 'message')
  })
  await ended(child)
  return turn
}

async function workers(count: number, url: string, stream: string, server: readonly number[]): Promise<Turn> {
  const children = await Promise.all(Array.from({ length: count }, () => started(url, stream)))
  const evaluated = children.map(() => 0)
  const pids = children.map(({ pid }) => pid!)
  const turn = await timed(pids, server, async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const [i, child] of children.entries()) {
      child.on('message', n => {
        evaluated[i] = Number(n)
        if (evaluated.reduce((sum, one) => sum + one) >= BATCHES * EVENTS) resolve()
      })
      child.send('go')
    }
    await promise
  })
  await Promise.all(children.map(ended))
  return turn
}

async function started(...args: readonly string[]): Promise<ChildProcess> {
  const child = fork(import.meta.filename, args, { execArgv: process.execArgv })
  await once(child, 'message')
  return child
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** A child: says that it is ready, then how many events it has evaluated, again and again. */
async function child(url: string | undefined, stream: string): Promise<void> {
  const { engine, source } = evaluator()
  const sieve = () => engine.sieve(source)
  let alerts = 0
  const take = (events: readonly AuditEvent[]) => {
    for (const event of events) alerts += engine.evaluate(source, event).length
  }
  const decoder = new AuditLogDecoder({ sieve })
  const line = (text: Uint8Array) => take(decoder.push(Buffer.concat([text, Buffer.from('\n')])))
  // Compiled before anything is measured.
  for (const text of clusterLog(4000)) line(Buffer.from(text))
  if (url === undefined) {
    const all = bodies()
    process.send!('ready')
    await once(process, 'message')
    for (const body of all) line(body)
    process.send!(alerts)
    return
  }
  const { connection } = await connectNats({ url: [url] }, 'bench worker')
  const consumer = await AuditConsumer.open({ connection, stream, sieve })
  process.send!('ready')
  await once(process, 'message')
  setInterval(() => process.send!(consumer.stats.events), REPORT)
  for await (const events of consumer.batches()) take(events)
}

if (process.argv[1] === import.meta.filename) await child(process.argv[2], process.argv[3]!)
