/**
 * What delivery costs: alerts to lines in a file and on a pipe, and to the receivers that are installed here, in batches and one by
 * one. CPU is that of this process; servers are others.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Alert, type AlertData, alerts, Engine } from '@falc/engine'
import {
  configuredDelivery,
  Delivery,
  DiskQueue,
  FileOutput,
  FORMATS,
  falcoJson,
  MemoryQueue,
  type Queue,
  readOutput,
  type Target,
} from '@falc/outputs'
import { k8sAudit, PLUGINS, parseAuditEvents } from '@falc/sources-k8saudit'
import { alertmanagerApi } from '../../packages/outputs/test/transports/alertmanager.ts'
import { kafkaTopic } from '../../packages/outputs/test/transports/kafka.ts'
import { mqttBroker } from '../../packages/outputs/test/transports/mqtt.ts'
import { natsCore, natsStream } from '../../packages/outputs/test/transports/nats.ts'
import { rabbitQueue } from '../../packages/outputs/test/transports/rabbitmq.ts'
import { redisStream, valkeyStream } from '../../packages/outputs/test/transports/redis.ts'
import { syslogTcp, syslogUdp } from '../../packages/outputs/test/transports/syslog.ts'
import { auditEvents } from './audit.ts'

const COUNT = 100_000
const PEER_COUNT = 5000

/** A rule that every event matches, with as many output fields as most rules have. */
const RULE = {
  ...{ rule: 'Any request', desc: 'd', condition: 'ka.verb exists', priority: 'NOTICE', source: 'k8s_audit' },
  output:
    'Request (user=%ka.user.name verb=%ka.verb resource=%ka.target.resource name=%ka.target.name ns=%ka.target.namespace code=%ka.response.code)',
  tags: ['k8s', 'mitre_execution'],
}

/** Alerts whose texts have not been made yet. */
function raised(count: number): Alert[] {
  const source = k8sAudit()
  const engine = new Engine({ sources: [source], plugins: PLUGINS, hostname: 'bench' })
  const loaded = engine.load([{ name: 'rule.yaml', content: JSON.stringify([RULE]) }])
  if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
  const events = auditEvents(1000).flatMap(line => parseAuditEvents(line.toString()))
  const all: Alert[] = []
  while (all.length < count) for (const event of events) all.push(...engine.evaluate(source, event))
  return all.slice(0, count)
}

interface Cost {
  /** Alerts per second of the clock. */
  readonly rate: number
  /** CPU microseconds per alert. */
  readonly cpu: number
}

async function costOf(count: number, run: () => Promise<void>): Promise<Cost> {
  const [from, cpu] = [performance.now(), process.cpuUsage()]
  await run()
  const { user, system } = process.cpuUsage(cpu)
  return { rate: (1000 * count) / (performance.now() - from), cpu: (user + system) / count }
}

function show(name: string, { rate, cpu }: Cost): void {
  console.log(
    `  ${name.padEnd(44)} ${Math.round(rate).toLocaleString('en').padStart(9)} /s ${cpu.toFixed(1).padStart(8)} µs CPU each`,
  )
}

/** Pushes as the engine does, in stretches between which the process can write. */
async function pushAll(delivery: Delivery, all: readonly AlertData[]): Promise<void> {
  for (let i = 0; i < all.length; i += 512) {
    for (const alert of all.slice(i, i + 512)) delivery.push(alert)
    await (delivery.full ? delivery.room() : new Promise(resolve => setImmediate(resolve)))
  }
  await delivery.flush()
}

async function lines(name: string, target: Target, queue: Queue = new MemoryQueue()): Promise<void> {
  for (const warm of [true, false]) {
    const all = raised(COUNT)
    const delivery = new Delivery(target, { format: falcoJson(), queue: warm ? new MemoryQueue() : queue })
    await delivery.open()
    const cost = await costOf(COUNT, () => pushAll(delivery, all))
    if (delivery.stats.delivered !== COUNT) throw new Error(`${name}: ${JSON.stringify(delivery.stats)}`)
    if (!warm) show(name, cost)
    await delivery.close()
  }
}

export async function benchOutputs(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-bench-'))
  console.log(`outputs: ${COUNT} alerts of audit events as JSON lines (Falco measured elsewhere: 42,000 lines/s)`)
  try {
    await lines('file', new FileOutput({ filename: join(folder, 'alerts'), keepAlive: true }))
    const fifo = join(folder, 'pipe')
    execFileSync('mkfifo', [fifo])
    const reader = spawn('sh', ['-c', `exec cat <>'${fifo}' >/dev/null`])
    await lines('pipe, as standard output is one', new FileOutput({ filename: fifo, keepAlive: true }))
    reader.kill()
    const disk = new DiskQueue({ folder: join(folder, 'queue'), capacity: 2 * COUNT })
    await lines(
      'file, through a queue on disk',
      new FileOutput({ filename: join(folder, 'again'), keepAlive: true }),
      disk,
    )
    await benchPeers()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Real servers, as the contract suite starts them. */
const PEERS = [
  ...[natsCore, natsStream, redisStream, valkeyStream, rabbitQueue, mqttBroker, kafkaTopic, syslogTcp, syslogUdp],
  alertmanagerApi,
]

async function benchPeers(): Promise<void> {
  const source = alerts()
  const all = raised(PEER_COUNT).map(alert => alert.toObject())
  for (const kind of PEERS) {
    if (kind.missing) {
      console.log(`  ${kind.title}: ${kind.missing}`)
      continue
    }
    const peer = await kind.start()
    try {
      const item = { name: 'bench', type: kind.type, ...peer.options(), queue: { max_alerts: 2 * PEER_COUNT } }
      const settings = readOutput(item, { path: [], source: () => source, warn: () => {} })
      const format = falcoJson({ id: true })
      const delivery = configuredDelivery(settings, {
        ...{ hostname: 'bench', source, log: () => {} },
        format: name => (name === 'json' ? format : FORMATS[name].format),
      })
      const single = all.slice(0, 300)
      for (const alert of all.slice(0, 100)) delivery.push(alert)
      await delivery.flush()
      show(`${kind.title}, in batches`, await costOf(all.length, () => pushAll(delivery, all)))
      const one = async () => {
        for (const alert of single) {
          delivery.push(alert)
          await delivery.flush()
        }
      }
      show(`${kind.title}, one by one`, await costOf(single.length, one))
      await delivery.close(0)
    } catch (error) {
      console.log(`  ${kind.title}: ${(error as Error).message}`)
    } finally {
      await peer.stop()
    }
  }
}
