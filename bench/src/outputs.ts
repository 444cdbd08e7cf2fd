/**
 * The cost of delivery: alerts to a file, a pipe, and the receivers that are installed here, in batches and one by one. CPU time is this
 * process's; servers are separate processes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AlertData, alerts, Engine } from '@falc/engine'
import {
  configuredDelivery,
  Delivery,
  DiskQueue,
  FileOutput,
  FORMATS,
  type Format,
  falcoJson,
  MemoryQueue,
  type Queue,
  readOutput,
  StdoutOutput,
  type Target,
} from '@falc/outputs'
import { k8sAudit, PLUGINS, parseAuditEvents } from '@falc/sources-k8saudit'
import { alertmanagerApi } from '../../packages/outputs/test/transports/alertmanager.ts'
import { CHAT_SERVICES } from '../../packages/outputs/test/transports/chat-services.ts'
import { CLOUD_SERVICES } from '../../packages/outputs/test/transports/cloud-services.ts'
import { HOOKS } from '../../packages/outputs/test/transports/hooks.ts'
import { kafkaTopic } from '../../packages/outputs/test/transports/kafka.ts'
import { LOG_SERVICES } from '../../packages/outputs/test/transports/log-services.ts'
import { mqttBroker } from '../../packages/outputs/test/transports/mqtt.ts'
import { natsCore, natsStream } from '../../packages/outputs/test/transports/nats.ts'
import type { Peer } from '../../packages/outputs/test/transports/peer.ts'
import { rabbitQueue } from '../../packages/outputs/test/transports/rabbitmq.ts'
import { redisStream, valkeyStream } from '../../packages/outputs/test/transports/redis.ts'
import { syslogTcp, syslogUdp } from '../../packages/outputs/test/transports/syslog.ts'
import { auditEvents } from './audit.ts'
import { report } from './measure.ts'
import { audits, captures, type Input, wholeRun } from './whole-runs.ts'

const COUNT = 100_000
const ROUNDS = 7
/** Lines between two looks at the clock: so few that some stretches are undisturbed on a machine with other work. */
const STRETCH = 4000
const PEER_COUNT = 5000
/** Falco 0.44 writes 42,000 lines a second, from system calls to a file. */
const GOAL = 'at least 210,000 /s'

/** A rule that every event matches, with as many output fields as most rules have. */
const RULE = {
  ...{ rule: 'Any request', desc: 'd', condition: 'ka.verb exists', priority: 'NOTICE', source: 'k8s_audit' },
  output:
    'Request (user=%ka.user.name verb=%ka.verb resource=%ka.target.resource name=%ka.target.name ns=%ka.target.namespace code=%ka.response.code)',
  tags: ['k8s', 'mitre_execution'],
}

/** Events, and what raises an alert from each. */
function storm() {
  const source = k8sAudit()
  const engine = new Engine({ sources: [source], plugins: PLUGINS, hostname: 'bench' })
  const loaded = engine.load([{ name: 'rule.yaml', content: JSON.stringify([RULE]) }])
  if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
  const events = auditEvents(1000).flatMap(line => parseAuditEvents(line.toString()))
  return { events, raise: (event: (typeof events)[number]) => engine.evaluate(source, event) }
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

/** @param without CPU of each alert before it is pushed */
function show(name: string, { rate, cpu }: Cost, without = 0, goal = ''): void {
  const remark = without > 0 ? `${(cpu - without).toFixed(1)} µs of them for delivery` : ''
  report(name, `${cpu.toFixed(1)} µs of CPU, ${Math.round(rate).toLocaleString('en')} /s`, goal, remark)
}

/** Pushes as the engine does, in stretches between which the process can write. */
async function pushAll(delivery: Delivery, all: readonly AlertData[]): Promise<void> {
  for (let i = 0; i < all.length; i += 512) {
    for (const alert of all.slice(i, i + 512)) delivery.push(alert)
    await (delivery.full ? delivery.room() : new Promise(resolve => setImmediate(resolve)))
  }
  await delivery.flush()
}

/**
 * From the match of a rule to lines that the operating system has: events are evaluated and their alerts pushed, as in a run. What
 * evaluation costs without delivery is measured beside it and subtracted.
 */
async function lines(
  name: string,
  makeTarget: () => Target,
  makeQueue: () => Queue = () => new MemoryQueue(),
  format: Format = falcoJson(),
): Promise<void> {
  const { events, raise } = storm()
  const costs: { readonly all: Cost; readonly alone: number }[] = []
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await costOf(COUNT, async () => {
      for (let i = 0; i < COUNT; i++) raise(events[i % events.length]!)
    })
    const delivery = new Delivery(makeTarget(), { format, queue: makeQueue() })
    await delivery.open()
    const all = await costOf(COUNT, async () => {
      for (let i = 0; i < COUNT; ) {
        const from = performance.now()
        for (const end = i + STRETCH; i < end; i++) {
          for (const alert of raise(events[i % events.length]!)) delivery.push(alert)
          if (delivery.full) await delivery.room()
        }
        await delivery.flush()
        rates.push((1000 * STRETCH) / (performance.now() - from))
      }
    })
    if (delivery.stats.delivered !== COUNT) throw new Error(`${name}: ${JSON.stringify(delivery.stats)}`)
    await delivery.close()
    costs.push({ all, alone: alone.cpu })
  }
  costs.sort((a, b) => b.all.rate - a.all.rate)
  const [best, median] = [costs[0]!, costs[ROUNDS >> 1]!]
  show(`${name}, best of ${ROUNDS}`, best.all, best.alone, GOAL)
  show(`${name}, median`, median.all, median.alone)
  rates.sort((a, b) => b - a)
  const [first, tenth, half] = [0, 0.1, 0.5].map(part => Math.round(rates[Math.floor(part * rates.length)]!))
  const rate = (value: number | undefined) => `${value!.toLocaleString('en')} /s`
  report(
    `${name}, stretches of ${STRETCH} lines, best`,
    rate(first),
    GOAL,
    `of ten the best ${rate(tenth)}, median ${rate(half)}`,
  )
}

/** The same for system calls. */
const OPENS = {
  ...{ rule: 'Any open', desc: 'd', condition: 'evt.type in (open, openat, openat2)', priority: 'NOTICE' },
  output:
    'Opened (user=%user.name process=%proc.name parent=%proc.pname command=%proc.cmdline file=%fd.name flags=%evt.arg.flags)',
  tags: ['filesystem', 'mitre_discovery'],
}

/** Rounds of the whole command. */
const COMMANDS = 5

/** `falc run`, in turn for all that it writes to. */
function commands(name: string, folder: string, input: Input): void {
  const kinds = [true, false].flatMap(json => [true, false].map(toFile => ({ json, toFile, costs: [] as Cost[] })))
  for (let round = 0; round < COMMANDS; round++) {
    for (const { json, toFile, costs } of kinds)
      costs.push(wholeRun(input, { folder, rules: [RULE, OPENS], json, toFile }))
  }
  for (const { json, toFile, costs } of kinds) {
    const row = `falc run, ${name}${json ? 'JSON' : 'text'} to a ${toFile ? 'file' : 'pipe'}`
    costs.sort((a, b) => a.cpu - b.cpu)
    show(`${row}, best of ${COMMANDS}`, costs[0]!, 0, GOAL)
    show(`${row}, median`, costs[COMMANDS >> 1]!)
  }
}

export async function benchLines(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-bench-'))
  console.log(`outputs: ${COUNT} alerts of audit events with six fields, as lines of JSON of 535 bytes`)
  try {
    const file = () => new FileOutput({ filename: join(folder, 'alerts'), keepAlive: true })
    await lines('file', file)
    await lines('file, lines of text', file, undefined, FORMATS.text.format)
    const readers: ChildProcess[] = []
    await lines('pipe, as standard output is one', () => {
      const fifo = join(folder, `pipe${readers.length}`)
      execFileSync('mkfifo', [fifo])
      readers.push(spawn('sh', ['-c', `exec cat '${fifo}' >/dev/null`]))
      return new StdoutOutput(openSync(fifo, 'w'))
    })
    for (const reader of readers) reader.kill()
    commands('a capture, ', folder, captures(folder))
    commands('', folder, audits(folder, COUNT))
    await lines(
      'file, through a queue on disk',
      () => new FileOutput({ filename: join(folder, 'again'), keepAlive: true }),
      () => new DiskQueue({ folder: join(folder, 'queue'), capacity: 2 * COUNT }),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export async function benchOutputs(): Promise<void> {
  await benchLines()
  await benchPeers()
}

/**
 * Real servers, as the contract suite starts them, except that the broker of MQTT does not save each message; and the stand-ins for HTTP
 * services, which run in this process: their CPU counts.
 */
const PEERS = [
  ...[
    natsCore,
    natsStream,
    redisStream,
    valkeyStream,
    rabbitQueue,
    mqttBroker(false),
    kafkaTopic,
    syslogTcp,
    syslogUdp,
  ],
  alertmanagerApi,
  ...[HOOKS.webhook, HOOKS.cloudeventsBatch, CHAT_SERVICES.slack, CHAT_SERVICES.teams, CHAT_SERVICES.pagerduty],
  ...[LOG_SERVICES.elasticsearch, LOG_SERVICES.loki, LOG_SERVICES.splunk, LOG_SERVICES.otlp],
  ...[CLOUD_SERVICES.googleLogging, CLOUD_SERVICES.eventHubs],
]

export async function benchPeers(only: readonly string[] = []): Promise<void> {
  const source = alerts()
  const { events, raise } = storm()
  const all = Array.from({ length: PEER_COUNT }, (_, i) => raise(events[i % events.length]!)[0]!.toObject())
  for (const kind of PEERS) {
    if (only.length > 0 && !only.includes(kind.type)) continue
    if (kind.missing) {
      console.log(`  ${kind.title}: ${kind.missing}`)
      continue
    }
    const peer: Peer = await kind.start()
    try {
      const item = {
        name: 'bench',
        type: kind.type,
        ...(peer.direct?.() ?? peer.options()),
        queue: { max_alerts: 2 * PEER_COUNT },
      }
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
