/** Sensors, outputs and the version of the console. */
import { setImmediate as turn } from 'node:timers/promises'
import { type AlertData, isoTime } from '@falc/engine'
import { type Group, groupingOf, type StoreReader } from '@falc/store'
import { badRequest, Refused } from '../failure.ts'
import { queryOf, SELECTING } from '../parameters.ts'
import type * as Shapes from '../shapes/index.ts'
import type { Fields, LettersAction, Sensor, Sensors } from '../shapes/index.ts'
import { bodyOf, listOf, NAME, oneOf, text } from './body.ts'
import type { AnyRoute, Call, Delivery, Route, ServerRoute } from './route.ts'

const MAX_HOSTS = 1000
/** Pairs of host and rule that are looked at. */
const MAX_PAIRS = 100_000
/** The rule of the alert that has a sensor's metrics, in Falco and here. */
const SNAPSHOT = 'Falco internal: metrics snapshot'
const MINUTE = 60_000_000_000n
/** Characters of an answer, and one item more. */
const MAX_ANSWER = 8 * 1024 * 1024
/** Characters of a text in a metrics alert, such as a version or a digest, and of the name of a loss. */
const MAX_TEXT = 200

/** Items of an answer whose sizes are chosen by others. */
class Listing {
  readonly #items: string[] = []
  #length = 0

  get hasRoom(): boolean {
    return this.#length < MAX_ANSWER
  }

  add(item: object): void {
    const text = JSON.stringify(item, (_, value) => (typeof value === 'bigint' ? String(value) : value))
    this.#items.push(text)
    this.#length += text.length
  }

  /** @param complete whether these are all that there are */
  print(name: string, complete: boolean): string {
    return `{"${name}":[${this.#items.join(',')}],"complete":${complete}}`
  }
}

const sensors: Route = {
  ...{ method: 'GET', path: '/api/v1/sensors', scope: 'read' },
  summary: 'The hosts whose alerts arrive: last heard, and what their metrics alerts report',
  parameters: { since: SELECTING.since },
  async answer(call) {
    const store = await call.reader(call.who)
    const { since, ...query } = queryOf(call.given, call.source)
    const by = [groupingOf('host', call.source), groupingOf('rule', call.source)]
    // From the minute's beginning on: of whole minutes the counts know all, and no alert is read.
    const minutes = { ...query, since: since && since - (since % MINUTE) }
    const groups = await call.runFor(store.startGroups(by, minutes, MAX_PAIRS))
    const hosts = hostsIn(groups.value)
    const found = new Listing()
    let { complete } = groups
    let count = 0
    for (const [host, { alerts, last, snapshot }] of hosts) {
      if (count++ === MAX_HOSTS || !found.hasRoom) {
        complete = false
        break
      }
      const latest = store.at(last)
      if (latest)
        found.add({ host, last: isoTime(latest.alert.time), alerts, ...report(store, snapshot) } satisfies Sensor)
      // Senders choose the size of alerts, and other requests wait meanwhile.
      await turn()
    }
    return found.print('sensors' satisfies keyof Sensors, complete)
  },
}

interface Host {
  alerts: number
  /** Numbers of its last alert, and of its last one with metrics. */
  last: number
  snapshot: number | undefined
}

/** The hosts of groups by host and rule, those with most alerts first. */
function hostsIn(groups: readonly Group[]): Map<string, Host> {
  const hosts = new Map<string, Host>()
  for (const { values, count, last } of groups) {
    const [name, rule] = [values[0] ?? '', values[1]]
    const host = hosts.get(name) ?? { alerts: 0, last: 0, snapshot: undefined }
    host.alerts += count
    host.last = Math.max(host.last, last)
    if (rule === SNAPSHOT) host.snapshot = last
    hosts.set(name, host)
  }
  return new Map([...hosts].sort(([, a], [, b]) => b.alerts - a.alerts))
}

function report(store: StoreReader, seq: number | undefined): Pick<Sensor, 'reported'> {
  const alert = seq === undefined ? undefined : store.at(seq)?.alert
  return alert ? { reported: metricsOf(alert) } : {}
}

const LOSS = /(?:^|[._])(?:n_drops?(?!.*(?:perc|prev|rate))|.*_drops?|lost\w*|losses?\w*)(?:_\w+)?$/
const RATE = /(?:perc|prev|rate\w*)$/
/** Senders choose names, and the patterns take long for long ones. */
const isLoss = (name: string) => name.length <= MAX_TEXT && LOSS.test(name) && !RATE.test(name)

function metricsOf({ time, output_fields }: AlertData): NonNullable<Sensor['reported']> {
  const metrics: Record<string, number | string> = {}
  const rules: Record<string, string> = {}
  const losses: Record<string, number> = {}
  for (const [name, value] of Object.entries(output_fields)) {
    if (value === null || typeof value === 'object') continue
    const plain = typeof value === 'string' ? value.slice(0, MAX_TEXT) : Number(value)
    metrics[name] = plain
    const file = /^falco\.sha256_rules_file\.(.+)$/.exec(name)?.[1]
    if (file !== undefined) rules[file] = String(plain)
    if (typeof plain === 'number' && plain > 0 && isLoss(name)) losses[name] = plain
  }
  const [version, uptime] = [metrics['falco.version'], metrics['falco.duration_sec']]
  return {
    at: isoTime(time),
    ...(version !== undefined && { version: String(version) }),
    ...(typeof uptime === 'number' && { uptime }),
    ...{ rules, losses, metrics },
  }
}

const outputs: ServerRoute = {
  ...{ inServer: true, method: 'GET', path: '/api/v1/outputs', scope: 'read', whole: true },
  summary: 'The outputs: what waits, what failed',
  parameters: {},
  async answer({ delivery }) {
    const known = (await delivery.outputs?.()) ?? []
    const dead = await Promise.all(
      known.map(async ({ name, dead }) => dead || (await lettersIn(delivery, name)).length),
    )
    return JSON.stringify({ outputs: known.map((one, i) => ({ ...one, dead: dead[i]! })) } satisfies Shapes.Outputs)
  },
}

/** Loaded by who has outputs. */
async function deadLetters(folder: string) {
  const { DeadLetters } = await import('@falc/outputs')
  return new DeadLetters(folder)
}

async function lettersIn({ queues = {} }: Delivery, name: string): Promise<readonly string[]> {
  return Object.hasOwn(queues, name) ? (await deadLetters(queues[name]!)).names() : []
}

/** Letters that one answer has. */
const MAX_LETTERS = 500

const LETTERS = 'letters' satisfies keyof Shapes.DeadLetters

const letters: ServerRoute = {
  ...{ inServer: true, method: 'GET', path: '/api/v1/dead-letters', scope: 'read', whole: true },
  summary: 'Alerts that a receiver has refused',
  parameters: {},
  async answer({ delivery: { queues = {} } }) {
    const found = new Listing()
    let count = 0
    for (const [output, folder] of Object.entries(queues))
      for await (const { name, time, cause, message, alert } of (await deadLetters(folder)).list()) {
        if (count++ === MAX_LETTERS || !found.hasRoom) return found.print(LETTERS, false)
        const { id, rule, priority, source, hostname, tags, output_fields } = alert
        const shown = { id, rule, priority, source, hostname, tags, output: alert.output, time: isoTime(alert.time) }
        const refused = isoTime(BigInt(time) * 1_000_000n)
        found.add({
          ...{ output, letter: name, refused, cause, message },
          alert: { ...shown, output_fields } as Shapes.AlertJson,
        } satisfies Shapes.DeadLetters['letters'][number])
      }
    return found.print(LETTERS, true)
  },
}

const act: ServerRoute = {
  ...{ inServer: true, method: 'POST', path: '/api/v1/dead-letters', scope: 'respond', whole: true },
  summary: 'Delivers dead letters once more, or removes them',
  parameters: {},
  body: '`{"output", "action": "send"|"drop", "letters": […]}`; no letters: all',
  async answer({ body, delivery: { queues = {} } }) {
    const given = bodyOf<LettersAction>(body, {
      ...{ output: text(NAME), action: oneOf(['send', 'drop']), letters: listOf(text(NAME), 1000) },
    })
    if (!given.output || !given.action) throw badRequest('output and action are needed')
    if (!Object.hasOwn(queues, given.output))
      throw new Refused(404, 'output', 'no output with a queue on disk has this name')
    const kept = await deadLetters(queues[given.output]!)
    const done = await kept[given.action === 'send' ? 'retry' : 'drop'](given.letters ?? (await kept.names()))
    return JSON.stringify({ done })
  },
}

const fields: Route = {
  ...{ method: 'GET', path: '/api/v1/fields', scope: 'read', summary: 'What conditions may name' },
  parameters: {},
  async answer({ source }: Call) {
    const known = Object.entries(source.fields).map(([name, { type, doc, arg }]) => ({
      ...{ name, type, doc },
      ...(arg !== undefined && arg !== 'none' && { arg }),
    }))
    return JSON.stringify({ fields: known } satisfies Fields)
  },
}

export const HEALTH: readonly AnyRoute[] = [sensors, outputs, letters, act, fields]
