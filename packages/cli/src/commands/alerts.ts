import { type AlertData, alerts, compileOutput, isoTime, type Source } from '@falc/engine'
import type { Bar, StoredAlert, StoreReader } from '@falc/store'
import { defineCommand, print } from '../command.ts'
import { CliError, subcommandError } from '../fail.ts'
import type { Flags, FlagValues } from '../flags.ts'
import { answerOf } from '../history/answer.ts'
import { configuredStore, durationOf, grouping, openStore, queryOf, storeFailure } from '../history/open.ts'
import { type Columns, formatOf, type Line, printLines } from '../history/print.ts'
import { follow, newest } from '../history/tail.ts'
import { printable } from '../printable.ts'
import { loadSources } from '../sources/load.ts'

const FLAGS = {
  db: { value: 'FILE', help: "The store. Default: that of the configuration's output of type `store`" },
  config: { short: 'c', value: 'FILE', help: 'Configuration' },
  words: {
    short: 'w',
    value: 'WORDS',
    help: 'Only alerts with all of these words in rule or message; sha* is a prefix',
  },
  since: { value: 'TIME', help: 'Only alerts since this time: 2026-11-24T10:00:00Z, or 1h30m, 7d (ago)' },
  until: { value: 'TIME', help: 'Only alerts before this time' },
  limit: { short: 'n', value: 'N', help: 'Maximum number; 0: all. Default: 100, of `top` 20, of `tail` 10' },
  by: { value: 'FIELD', help: 'Count by rule (default of top), priority, source, host, namespace, tags or any field' },
  step: { value: 'DURATION', help: 'Step of a histogram. Default: 1h' },
  columns: { value: 'FIELDS', help: 'Additional columns: fields of the alert, separated by commas' },
  follow: { short: 'f', help: 'With `tail`: continue with new alerts as they arrive' },
  format: { value: 'FORMAT', help: 'table, json, ndjson or csv' },
  json: { help: 'Same as --format json' },
} as const satisfies Flags

export const alertsCommand = defineCommand({
  name: 'alerts',
  usage: 'search|tail|top|histogram [CONDITION] | get ID | check | backup FILE   [FLAGS]',
  summary: 'Search and count the alerts that an output of type `store` has kept',
  flags: FLAGS,
  async run(flags, [verb, argument, extra]) {
    const action = verb !== undefined && Object.hasOwn(VERBS, verb) ? VERBS[verb]! : undefined
    if (!action) throw subcommandError('alerts', verb, Object.keys(VERBS))
    if (extra !== undefined)
      throw new CliError(`unexpected argument "${extra}" (a condition is one argument: quote it)`)
    const path = configuredStore(flags.db, flags.config).path
    const store = await openStore(path)
    try {
      return await action({ flags, argument, path, store, source: alerts({ sources: await loadSources() }) })
    } catch (error) {
      throw storeFailure(error, path)
    } finally {
      store.close()
    }
  },
})

interface Call {
  readonly flags: FlagValues<typeof FLAGS>
  readonly argument: string | undefined
  readonly path: string
  readonly store: StoreReader
  readonly source: Source<AlertData>
}

const VERBS: Readonly<Record<string, (call: Call) => Promise<number> | number>> = {
  search: call => printAlerts(call, newest(call.store, queryIn(call), limitOf(call, 100))),
  tail,
  top,
  histogram,
  get,
  check,
  backup,
}

const queryIn = ({ flags, argument, source }: Call) => queryOf({ ...flags, condition: argument }, source)

const ALL = 2 ** 31

/** @throws {CliError} */
function limitOf({ flags: { limit } }: Call, otherwise: number): number {
  if (limit === undefined) return otherwise
  if (!/^\d{1,9}$/.test(limit)) throw new CliError(`--limit needs a number, not "${limit}"`)
  return Number(limit) || ALL
}

async function printAlerts(call: Call, found: AsyncIterable<StoredAlert> | Iterable<StoredAlert>): Promise<number> {
  const { flags, source } = call
  const names = flags.columns?.split(',').map(name => name.trim()) ?? []
  const more = names.map(name => compileOutput(`%${name}`, source))
  const columns: Columns = [
    ...([
      ['time', 30],
      ['priority', 13],
      ['host', 16],
      ['rule', 32],
    ] as const),
    ...names.map(name => [name, 16] as const),
    ['message', 0],
  ]
  const lineOf = ({ alert, body }: StoredAlert): Line => ({
    cells: [
      ...[isoTime(alert.time), alert.priority, alert.hostname ?? null, alert.rule],
      ...more.map(value => value(alert)),
      alert.message,
    ],
    json: body,
  })
  await printLines(formatOf(flags.format, flags.json), columns, mapped(found, lineOf))
  return 0
}

async function* mapped<T, U>(items: AsyncIterable<T> | Iterable<T>, change: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield change(item)
}

async function tail(call: Call): Promise<number> {
  const { flags, path, store } = call
  const query = queryIn(call)
  const after = store.last
  const last = [...newest(store, query, limitOf(call, 10))].reverse()
  if (!flags.follow) return printAlerts(call, last)
  const stop = new AbortController()
  const end = () => stop.abort()
  process.once('SIGINT', end).once('SIGTERM', end)
  return printAlerts(call, followed())
  async function* followed() {
    yield* last
    yield* follow(path, store, query, Math.max(after, last.at(-1)?.seq ?? 0), stop.signal)
  }
}

async function top(call: Call): Promise<number> {
  const { flags, store, source } = call
  const by = flags.by ?? 'rule'
  const group = grouping(by, source)
  const isField = group.dimension === undefined && by !== 'tags'
  const { value: counts, code } = await answerOf(store.startTop(group, queryIn(call), limitOf(call, 20)))
  const lines = counts.flatMap(one =>
    (one.value === null && isField && code === 0 ? absentBy(call, by, one.count) : [{ ...one, why: undefined }]).map(
      ({ value, count, why }) => ({
        cells: [String(count), why === undefined ? value : `<NA> (${why})`],
        json: JSON.stringify({ [by]: value, count, ...(why !== undefined && { absent: why }) }),
      }),
    ),
  )
  await printLines(
    formatOf(flags.format, flags.json),
    [
      ['count', 9],
      [by, 0],
    ],
    lines,
  )
  return code
}

/** The alerts that lack a field, by the reason that they give. */
function absentBy({ flags, argument, store, source }: Call, by: string, total: number) {
  const lacking = `not ${by} exists`
  const condition = argument === undefined ? lacking : `(${argument}) and ${lacking}`
  const known = store
    .top(grouping(`alert.absence["${by}"]`, source), queryOf({ ...flags, condition }, source), ALL)
    .flatMap(({ value, count }) => (value === null ? [] : [{ value: null, count, why: value }]))
  const rest = total - known.reduce((sum, { count }) => sum + count, 0)
  return [...known, ...(rest > 0 ? [{ value: null, count: rest, why: undefined }] : [])]
}

async function histogram(call: Call): Promise<number> {
  const { flags, store, source } = call
  const step = durationOf('--step', flags.step ?? '1h')
  const by = flags.by
  const grouped = by === undefined ? undefined : grouping(by, source)
  const { value: bars, code } = await answerOf(store.startHistogram(grouped, queryIn(call), step))
  const shown = bars.slice(-limitOf(call, ALL))
  const most = Math.max(...shown.map(({ count }) => count))
  const format = formatOf(flags.format, flags.json)
  const lines = shown.map(({ time, value, count }: Bar) => ({
    cells: [
      ...[isoTime(time), String(count), ...(by === undefined ? [] : [value])],
      ...(format === 'table' ? ['█'.repeat(Math.ceil((40 * count) / most))] : []),
    ],
    json: JSON.stringify({ time: isoTime(time), ...(by !== undefined && { [by]: value }), count }),
  }))
  const columns: Columns = [
    ...([
      ['time', 30],
      ['count', 9],
    ] as const),
    ...(by === undefined ? [] : [[by, 24] as const]),
    ...(format === 'table' ? [['', 0] as const] : []),
  ]
  await printLines(format, columns, lines)
  return code
}

async function get({ flags, argument, store }: Call): Promise<number> {
  if (argument === undefined) throw new CliError('falc alerts get needs an ID, or its first four digits or more')
  const found = store.get(argument)
  if (found.length === 0) throw new CliError(`no alert has the ID ${argument}`)
  for (const { alert, body } of found) {
    if (formatOf(flags.format, flags.json) !== 'table') print(`${body}\n`)
    else
      print(
        `${details(alert)
          .map(([name, value]) => `${name.padEnd(28)} ${printable(value)}`)
          .join('\n')}\n\n`,
      )
  }
  return 0
}

const absent = (why: string | undefined) => (why === undefined ? '<NA>' : `<NA> (${why})`)

function details(alert: AlertData): [string, string][] {
  return [
    ['id', alert.id],
    ['time', isoTime(alert.time)],
    ['rule', alert.rule],
    ['priority', alert.priority],
    ['source', alert.source],
    ['host', alert.hostname ?? '-'],
    ['tags', alert.tags.join(', ')],
    ['message', alert.message],
    ...Object.entries(alert.output_fields).map(([name, value]): [string, string] => [
      name,
      value === null ? absent(alert.absences?.[name]) : String(value),
    ]),
  ]
}

function check({ path, store }: Call): number {
  const problems = store.problems()
  for (const problem of problems) print(`${printable(problem)}\n`)
  if (problems.length === 0) print(`${path} is intact: ${store.count()} alerts\n`)
  return problems.length === 0 ? 0 : 1
}

function backup({ argument, store }: Call): number {
  if (argument === undefined) throw new CliError('falc alerts backup needs the name of the new file')
  store.backup(argument)
  print(`${argument}: ${store.count()} alerts\n`)
  return 0
}
