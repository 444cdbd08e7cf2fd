import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AlertData, PRIORITIES } from '@falc/engine'
import { OutputError, outputError } from '../model/output.ts'
import { defineTransport, type Transport } from '../model/transport.ts'
import { SteadyPage } from '../net/steady-page.ts'
import { boundedServer, endUnread } from '../streams/server.ts'
import { fieldOf, fieldText } from '../text/alert-fields.ts'
import { Limits } from '../text/limits.ts'

const OUTPUT = 'prometheus output'

/** Labels that every alert has. */
const OWN: Readonly<Record<string, (alert: AlertData, hostname: string) => string>> = {
  rule: ({ rule }) => rule,
  priority: ({ priority }) => priority,
  source: ({ source }) => source,
  hostname: ({ hostname }, own) => hostname ?? own,
}

/** Characters of a label's value. */
const MAX_VALUE = 256

/** A scraper needs one or two. */
const MAX_CONNECTIONS = 32

/** The label under which further series are counted. */
const OTHER = 'other'

export const prometheus = defineTransport({
  type: 'prometheus',
  title: 'Prometheus metrics of alerts',
  doc: `A page for Prometheus to scrape, with the counter \`falc_alerts_total\` and the time of the last alert, \`falc_alerts_last_seconds\`, per
rule, priority and source. A summary of collapsed alerts counts all of them.

The number of series is bounded, even if an attacker controls the fields used as labels: beyond \`max_series\`, alerts are counted with
\`other\` in every label except the priority. The counters start at zero with each start of falc.`,
  options: {
    listen: { kind: 'text', default: '127.0.0.1:9376', doc: 'Address and port of the page, `[::]:9376` for all.' },
    path: { kind: 'text', default: '/metrics', doc: 'Path of the page.' },
    labels: {
      kind: 'list',
      default: ['rule', 'priority', 'source'],
      doc: 'Labels: `rule`, `priority`, `source`, `hostname`, and output fields such as `k8s.ns.name`.',
    },
    max_series: {
      kind: 'integer',
      default: 2000,
      min: PRIORITIES.length,
      max: 100_000,
      doc: 'Maximum number of series of a metric.',
    },
  },
  batch: { items: 1000 },
  listens: true,
  ordered: 'all',
  async open(options, { hostname, note }) {
    const counts = new AlertCounts(
      options.labels,
      options.max_series,
      hostname,
      new Limits(text => note(`${OUTPUT}: ${text}`)),
    )
    const page = new SteadyPage(() => counts.page())
    const server = boundedServer((request, response) => {
      endUnread(response)
      const found = request.method === 'GET' && request.url?.split('?')[0] === options.path
      if (!found) return response.writeHead(404).end()
      return response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(page.text)
    }, MAX_CONNECTIONS)
    await listen(server, options.listen)
    return {
      async send(items) {
        for (const { alert } of items) counts.add(alert)
        return { delivered: items.length }
      },
      // The counters and the port stay.
      reopen: async () => {},
      async close() {
        server.close()
        server.closeAllConnections()
      },
    } satisfies Transport
  },
})

async function listen(server: Server, address: string): Promise<void> {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:\s]*)):(\d{1,5})$/.exec(address) ?? []
  if (port === undefined || Number(port) > 65_535)
    throw new OutputError(
      'listen',
      `${OUTPUT}: listen must be an address and a port, such as 127.0.0.1:9376`,
      'misconfigured',
    )
  server.listen(Number(port), six ?? four)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw outputError(error, OUTPUT)
  }
}

interface Series {
  /** As on the page: `rule="…",priority="…"`. */
  readonly labels: string
  count: number
  /** Nanoseconds since 1970. */
  last: bigint
}

class AlertCounts {
  readonly #labels: readonly (readonly [name: string, value: (alert: AlertData) => string])[]
  readonly #max: number
  readonly #limits: Limits
  readonly #series = new Map<string, Series>()

  /** @throws {OutputError} when two labels have the same name */
  constructor(labels: readonly string[], max: number, hostname: string, limits: Limits) {
    this.#labels = labels.map(name => {
      const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined
      const value = own ? (alert: AlertData) => own(alert, hostname) : (alert: AlertData) => fieldOf(alert, name) ?? ''
      return [labelName(name), value]
    })
    if (new Set(this.#labels.map(([name]) => name)).size < labels.length)
      throw new OutputError('labels', `${OUTPUT}: two labels have the same name`, 'misconfigured')
    this.#max = max - PRIORITIES.length
    this.#limits = limits
  }

  add(alert: AlertData): void {
    const series = this.#seriesOf(alert)
    series.count += alert.count ?? 1
    const last = alert.lastTime ?? alert.time
    if (last > series.last) series.last = last
  }

  page(): string {
    const all = [...this.#series.values()]
    const lines = (name: string, value: (series: Series) => string) =>
      all.map(series => `${name}{${series.labels}} ${value(series)}\n`).join('')
    return `# HELP falc_alerts_total Alerts.
# TYPE falc_alerts_total counter
${lines('falc_alerts_total', ({ count }) => String(count))}# HELP falc_alerts_last_seconds Time of the last alert.
# TYPE falc_alerts_last_seconds gauge
${lines('falc_alerts_last_seconds', ({ last }) => seconds(last))}`
  }

  #seriesOf(alert: AlertData): Series {
    const labels = this.#print((_, value) => this.#limits.cut(fieldText(value(alert)), MAX_VALUE, 'labels'))
    const known = this.#series.get(labels)
    if (known) return known
    if (this.#series.size < this.#max) return this.#add(labels)
    const other = this.#print(name => (name === 'priority' ? alert.priority : OTHER))
    return this.#series.get(other) ?? this.#add(other)
  }

  #add(labels: string): Series {
    const series = { labels, count: 0, last: 0n }
    this.#series.set(labels, series)
    return series
  }

  #print(text: (name: string, value: (alert: AlertData) => string) => string): string {
    return this.#labels.map(([name, value]) => `${name}="${escaped(text(name, value))}"`).join(',')
  }
}

const labelName = (name: string) => name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_')

const escaped = (text: string) => text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')

/** With all digits. */
const seconds = (ns: bigint) => `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`
