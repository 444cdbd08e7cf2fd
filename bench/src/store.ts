/**
 * The store with many alerts (STORE_ALERTS, default 1,000,000): the rate of inserts while another process reads, and the time of queries,
 * compared with a plain table of the same alerts and LIKE or json_extract. Then the console's page, in wall time, which other load on the
 * machine affects. The file is in TMPDIR, takes 2 to 3 kB per alert while it is written, and is removed at the end.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type AlertData, alertJson, alerts, PRIORITIES } from '@falc/engine'
import { k8sAudit } from '@falc/sources-k8saudit'
import { syscall } from '@falc/sources-syscall'
import { groupingOf, planCondition, type Query, StoreReader, StoreThread } from '@falc/store'
import { report, times } from './measure.ts'
import { benchPage } from './page.ts'

const COUNT = Number(process.env.STORE_ALERTS ?? 1_000_000)
/** What an output of type `store` takes at a time. */
const BATCH = 2048
/** Alerts that the peer has; its figures for a scan grow with their number. */
const PEER = Math.min(COUNT, 100_000)
const DAY = 86_400_000_000_000n
/** The last of the alerts is of now; a minute begins, as with what people ask for. */
const START = BigInt(Math.floor(Date.now() / 60_000)) * 60_000_000_000n - 30n * DAY

/** The same numbers each time. */
let state = 42
function random(n: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * n)
}

/** Few are frequent, as names in alerts are. */
const skewed = (n: number) => random(random(n) + 1)

/** A month of alerts of 1 kB: 60 rules, five hosts, twelve namespaces; they come in bursts. */
export function* history(count: number): Generator<AlertData> {
  let burst = { rule: 0, host: 0, namespace: 0 }
  for (let n = 0; n < count; n++) {
    if (random(20) === 0) burst = { rule: skewed(60), host: random(5), namespace: skewed(12) }
    const { rule, host, namespace } = burst
    const name = `tool${skewed(200)}`
    const output_fields = {
      ...{
        'container.id': (namespace * 977 + skewed(50)).toString(16).padStart(12, '0'),
        'container.name': `app-${namespace}`,
      },
      ...{ 'container.image.repository': `registry.example/team/app-${namespace}`, 'evt.type': 'openat', 'evt.num': n },
      ...{ 'fd.name': `/etc/conf.d/part-${skewed(5000)}`, 'fd.sip': `10.0.${random(4)}.${skewed(250)}` },
      ...{
        'k8s.ns.name': `ns-${namespace}`,
        'k8s.pod.name': `app-${namespace}-${skewed(40)}-x7k2p`,
        'proc.name': name,
      },
      ...{
        'proc.cmdline': `${name} --flag=${n} --config /usr/local/etc/thing.conf --verbose`,
        'proc.exepath': `/usr/bin/${name}`,
      },
      ...{
        'proc.pid': 1000 + (n % 30_000),
        'proc.pname': `parent${skewed(40)}`,
        'user.name': `user${skewed(30)}`,
        'user.loginuid': -1,
      },
    }
    const text = Object.entries(output_fields).map(([key, value]) => `${key}=${value}`)
    const message = `Something that rule ${rule} looks for happened | ${text.join(' ')}`
    const priority = PRIORITIES[2 + (rule % 5)]!
    const time = START + (BigInt(n) * 30n * DAY) / BigInt(count)
    yield {
      ...{ id: ((BigInt(n) * 0x9e3779b97f4a7c15f39cc0605cedc835n) & (2n ** 128n - 1n)).toString(16).padStart(32, '0') },
      ...{ rule: `Rule number ${rule}`, priority, source: 'syscall', tags: ['container', `T${1000 + rule}`], time },
      ...{ output: `10:00:00.000000000: ${priority} ${message}`, message, output_fields, hostname: `node-${host}` },
    }
  }
}

export async function benchStore(): Promise<void> {
  console.log(`store: ${COUNT} alerts`)
  const folder = mkdtempSync(join(tmpdir(), 'falc-bench-store-'))
  try {
    const path = join(folder, 'alerts.db')
    await fill(path)
    const peer = plainTable(join(folder, 'plain.db'))
    await ask(path, peer)
    peer.close()
    await benchPage(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Batches that are made before they are sent: what making them costs is not counted. */
const ROUND = 16

async function fill(path: string): Promise<void> {
  const thread = new StoreThread({ path })
  await thread.insert([])
  const reader = await StoreReader.open(path)
  const rule = groupingOf('rule', alerts())
  const source = history(COUNT)
  let [wall, cpu, own, reads, slowest]: [number, number, number, number, number] = [0, 0, 0, 0, 0]
  let last: AlertData | undefined
  for (let n = 0; n < COUNT; n += ROUND * BATCH) {
    const batches = Array.from({ length: ROUND }, (_, i) => {
      const size = Math.max(0, Math.min(BATCH, COUNT - n - i * BATCH))
      return Array.from({ length: size }, () => source.next().value as AlertData)
    })
    last = batches.flat().at(-1)
    const [start, before] = [performance.now(), process.cpuUsage()]
    let asking = 0
    const ownBefore = process.threadCpuUsage()
    let waiting: Promise<unknown> = Promise.resolve()
    for (const [i, batch] of batches.entries()) {
      // One batch is written while the next one is printed.
      const done = thread.insert(batch)
      // Somebody looks at the top twenty all the time.
      if (i % 8 === 0) {
        const [asked, askedBefore] = [performance.now(), process.threadCpuUsage()]
        reader.top(rule)
        slowest = Math.max(slowest, performance.now() - asked)
        asking += sum(process.threadCpuUsage(askedBefore))
        reads++
      }
      await waiting
      waiting = done
    }
    await waiting
    wall += performance.now() - start
    cpu += sum(process.cpuUsage(before)) - asking
    own += sum(process.threadCpuUsage(ownBefore)) - asking
  }
  await thread.close()
  reader.close()
  report('alerts stored', COUNT.toLocaleString('en'))
  report('taken while being read', `${Math.round((COUNT / wall) * 1000).toLocaleString('en')} /s`, 'at least 20,000 /s')
  report(
    'CPU of that, per alert',
    `${(cpu / COUNT).toFixed(1)} µs`,
    '',
    `of the calling thread: ${(own / COUNT).toFixed(1)}`,
  )
  report('a search meanwhile, the slowest', `${slowest.toFixed(0)} ms`, '', `of ${reads}`)
  report(
    'on disk, per alert',
    `${Math.round(statSync(path).size / COUNT)} bytes`,
    '',
    `JSON alone: ${alertJson(last!).length}`,
  )
}

const sum = ({ user, system }: { user: number; system: number }) => user + system

/** A table of the same alerts, and no index. */
function plainTable(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE alerts (time INTEGER, rule TEXT, body TEXT)')
  const insert = db.prepare('INSERT INTO alerts VALUES (?, ?, ?)')
  state = 42
  const source = history(PEER)
  const bodies = Array.from(source, alert => [alert.time, alert.rule, alertJson(alert)] as const)
  const start = process.cpuUsage()
  for (let n = 0; n < bodies.length; n += BATCH) {
    db.exec('BEGIN')
    for (const row of bodies.slice(n, n + BATCH)) insert.run(...row)
    db.exec('COMMIT')
  }
  report('CPU of a plain table, per alert', `${(sum(process.cpuUsage(start)) / PEER).toFixed(1)} µs`)
  return db
}

const field = (name: string) => `json_extract(body, '$.output_fields."${name}"')`

/** A question, and how a plain table is asked. */
const QUESTIONS: readonly (readonly [name: string, query: { condition?: string; words?: string }, sql?: string])[] = [
  ['the newest 100', {}],
  ['alert.priority >= Error', { condition: 'alert.priority >= Error' }],
  ['a rule', { condition: 'alert.rule = "Rule number 55"' }, `rule = 'Rule number 55'`],
  ['proc.name = …, frequent', { condition: 'proc.name = tool0' }, `${field('proc.name')} = 'tool0'`],
  ['proc.name = …, rare', { condition: 'proc.name = tool199' }, `${field('proc.name')} = 'tool199'`],
  ['an address', { condition: 'fd.sip = 10.0.3.249' }, `${field('fd.sip')} = '10.0.3.249'`],
  [
    'startswith',
    { condition: 'fd.name startswith /etc/conf.d/part-499' },
    `${field('fd.name')} LIKE '/etc/conf.d/part-499%'`,
  ],
  [
    'two fields and a regex',
    { condition: 'k8s.ns.name = ns-9 and proc.pname = parent3 and proc.cmdline regex ".*flag=.*7 .*"' },
  ],
  ['a word, frequent', { words: 'happened' }, `body LIKE '%happened%'`],
  ['a word, rare', { words: 'tool199' }, `body LIKE '%tool199%'`],
  ['a path', { words: '/etc/conf.d/part-4999' }, `body LIKE '%/etc/conf.d/part-4999%'`],
  ['nothing has it', { condition: 'user.name = nobody' }, `${field('user.name')} = 'nobody'`],
  ['contains, found soon', { condition: 'proc.cmdline contains "=7"' }, `instr(${field('proc.cmdline')}, '=7')`],
  [
    'contains, found nowhere: reads all',
    { condition: 'proc.cmdline contains zzz' },
    `instr(${field('proc.cmdline')}, 'zzz')`,
  ],
]

async function ask(path: string, peer: DatabaseSync): Promise<void> {
  const store = await StoreReader.open(path)
  const source = alerts({ sources: [syscall(), k8sAudit()] })
  const medians: number[] = []
  for (const [name, { condition, words }, sql] of QUESTIONS) {
    const query: Query = { words, condition: condition === undefined ? undefined : planCondition(condition, source) }
    let found = 0
    const ms = median(() => {
      found = 0
      for (const _ of store.search(query)) if (++found === 100) break
    })
    medians.push(ms)
    const statement = sql && peer.prepare(`SELECT body FROM alerts WHERE ${sql} ORDER BY time DESC LIMIT 100`)
    const other = statement ? (median(() => statement.all()) * COUNT) / PEER : undefined
    const beside = other === undefined ? '' : `, a plain table ${times(other / ms)}`
    report(`search: ${name}`, `${ms.toFixed(1)} ms${beside}`, '', `${found} found`)
  }
  report(
    'search, the median of these',
    `${medians.sort((a, b) => a - b)[medians.length >> 1]!.toFixed(1)} ms`,
    'at most 200 ms',
  )
  const rule = groupingOf('rule', source)
  const until = START + 30n * DAY
  report('top 20 rules, of all', `${median(() => store.top(rule)).toFixed(1)} ms`, 'at most 50 ms')
  report(
    'top 20 rules, of 7 days',
    `${median(() => store.top(rule, { since: until - 7n * DAY })).toFixed(1)} ms`,
    'at most 50 ms',
  )
  const name = groupingOf('proc.name', source)
  report('top 20 of proc.name, of a day', `${median(() => store.top(name, { since: until - DAY })).toFixed(1)} ms`)
  const grouped = (...by: string[]) => {
    const query = store.startGroups(
      by.map(one => groupingOf(one, source)),
      {},
      100,
    )
    while (query.step());
    return query.value
  }
  report('groups of host and namespace, of all', `${median(() => grouped('host', 'namespace')).toFixed(1)} ms`)
  report('groups of rule and proc.name, of all', `${once(() => grouped('rule', 'proc.name')).toFixed(0)} ms`)
  const priority = groupingOf('priority', source)
  const hours = () => store.histogram(priority, {}, 3_600_000_000_000n)
  report('histogram by hour and priority, of all', `${median(hours).toFixed(1)} ms`)
  store.close()
}

/** Milliseconds after which a question is not asked again: with 10,000,000 alerts some take a minute. */
const LONG_MS = 2000

/** Milliseconds of this thread's CPU, of five runs; of one that takes long. */
function median(run: () => unknown): number {
  const all = [once(run)]
  while (all.length < 5 && all[0]! < LONG_MS) all.push(once(run))
  return all.sort((a, b) => a - b)[all.length >> 1]!
}

function once(run: () => unknown): number {
  const before = process.threadCpuUsage()
  run()
  return sum(process.threadCpuUsage(before)) / 1000
}
