/** Everything that the console answers, as one table: dispatch, authorisation and the OpenAPI document derive from it. */
import { type AlertData, isoTime, parseAlert, type Source } from '@falc/engine'
import type { StoredAlert, StoreReader, StoreThread } from '@falc/store'
import type { Scope } from './auth.ts'
import { badRequest, Refused } from './failure.ts'
import { byOf, integerOf, type Parameters, queryOf, SELECTING } from './parameters.ts'

/** What routes work with. */
export interface Desk {
  readonly source: Source<AlertData>
  /** The store as it is now; it may have been moved aside. @throws {StoreError} */
  reader(): Promise<StoreReader>
  readonly writer: StoreThread
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** Its last segment may be `{id}`. */
  readonly path: string
  readonly scope: Scope
  readonly summary: string
  readonly parameters: Parameters
  /** What the body is, if it has one. */
  readonly body?: string
  /** @returns JSON @throws {Refused} */
  answer(call: Call): Promise<string>
}

export interface Call extends Desk {
  readonly given: URLSearchParams
  /** The last segment of the path. */
  readonly id: string
  readonly body: Buffer
}

const MAX_PAGE = 1000
/** Milliseconds that one request may evaluate alerts, before it answers with what it has. */
const PATIENCE = 2000

const LIMIT = { type: 'integer', doc: 'At most so many' } as const
const BY = {
  type: 'string',
  doc: 'rule, priority, source, host, namespace, tags, or any field of an alert',
  example: 'rule',
} as const

const search: Route = {
  ...{ method: 'GET', path: '/api/v1/alerts', scope: 'read', summary: 'Alerts, the one that arrived last first' },
  parameters: { ...SELECTING, limit: LIMIT, cursor: { type: 'integer', doc: '`next` of the page before' } },
  async answer({ given, source, reader }) {
    const limit = integerOf('limit', given, 100, MAX_PAGE)
    const cursor = given.has('cursor') ? integerOf('cursor', given, 1, Number.MAX_SAFE_INTEGER) : undefined
    const page: StoredAlert[] = []
    const end = performance.now() + PATIENCE
    let more = false
    for (const found of (await reader()).search(queryOf(given, source), { before: cursor })) {
      page.push(found)
      more = page.length >= limit || performance.now() > end
      if (more) break
    }
    const next = more ? page.at(-1)!.seq : null
    return `{"alerts":[${page.map(printed).join(',')}],"next":${next}}`
  },
}

/** An alert with its number in the order of arrival. */
export const printed = ({ seq, body }: StoredAlert): string => `{"seq":${seq},"alert":${body}}`

const one: Route = {
  ...{
    method: 'GET',
    path: '/api/v1/alerts/{id}',
    scope: 'read',
    summary: 'An alert by its ID, or by its first digits',
  },
  parameters: {},
  async answer({ id, reader }) {
    const found = (await reader()).get(id)
    if (found.length === 0) throw new Refused(404, 'alert', 'there is no such alert')
    return printed(found[0]!)
  },
}

const top: Route = {
  ...{ method: 'GET', path: '/api/v1/top', scope: 'read', summary: 'The most frequent values of a field' },
  parameters: { ...SELECTING, by: BY, limit: LIMIT },
  async answer({ given, source, reader }) {
    const by = byOf(given, source)
    if (by === undefined) throw badRequest('by is needed: rule, host, proc.name …')
    const query = queryOf(given, source)
    return JSON.stringify({ counts: (await reader()).top(by, query, integerOf('limit', given, 20, MAX_PAGE)) })
  },
}

const histogram: Route = {
  ...{ method: 'GET', path: '/api/v1/histogram', scope: 'read', summary: 'How many alerts each step of time has' },
  parameters: { ...SELECTING, by: BY, step: { type: 'integer', doc: 'Seconds of a step, default 3600' } },
  async answer({ given, source, reader }) {
    const step = BigInt(integerOf('step', given, 3600, 86_400 * 366)) * 1_000_000_000n
    const bars = (await reader()).histogram(byOf(given, source), queryOf(given, source), step)
    if (bars.length > 20_000) throw badRequest('these are more than 20,000 steps: take longer ones, or less time')
    return JSON.stringify({ bars: bars.map(bar => ({ ...bar, time: isoTime(bar.time) })) })
  },
}

const status: Route = {
  ...{
    method: 'GET',
    path: '/api/v1/status',
    scope: 'read',
    summary: 'How many alerts there are, and the number of the last one',
  },
  parameters: SELECTING,
  async answer({ given, source, reader }) {
    const store = await reader()
    return JSON.stringify({ count: store.count(queryOf(given, source)), last: store.last })
  },
}

/** The payload of Falco and falcosidekick, and that of falcosidekick's web UI, which has it under `event`. */
const door = (path: string, summary: string): Route => ({
  ...{ method: 'POST', path, scope: 'ingest', summary, parameters: {} },
  body: 'An alert as Falco prints it in JSON, or `{"event": …}` as falcosidekick sends it to its web UI',
  async answer({ body, writer }) {
    let alert: AlertData
    try {
      alert = parseAlert(unwrapped(body.toString('utf8')))
    } catch (error) {
      throw badRequest((error as Error).message)
    }
    return JSON.stringify({ stored: await writer.insert([alert]) })
  },
})

/** The text itself, so that large numbers keep their digits. */
function unwrapped(text: string): string {
  const start = /^\s*\{\s*"event"\s*:\s*(?=\{)/.exec(text)
  if (!start) return text
  // What follows the event is the list of outputs that had it, or nothing.
  const end = /\}\s*(?:,\s*"outputs"\s*:\s*(?:null|\[[^\]]*\])\s*)?\}\s*$/.exec(text)
  if (!end) throw new SyntaxError('not an alert: an object with the key event, and outputs behind it')
  return text.slice(start[0].length, end.index + 1)
}

export const ROUTES: readonly Route[] = [
  ...[search, one, top, histogram, status],
  door('/', 'Takes an alert of Falco’s http_output, or of falcosidekick'),
  door('/api/v1/', 'Takes an alert of falcosidekick’s web UI output'),
]
