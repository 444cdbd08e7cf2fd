/** Runs rules on an input, on a worker thread. */
import { alertJson, Engine, type ExplainedNode, type Explanation, type Source } from '@falc/engine'
import { type AuditEvent, AuditLogDecoder, k8sAudit } from '@falc/sources-k8saudit/source'
import { playScene, replayPieces, type SyscallEvent, syscall } from '@falc/sources-syscall/browser'
import type { AlertJson, WhyClause } from '../../shapes/index.ts'
import {
  type Done,
  type Input,
  type Loaded,
  MAX_ALERTS,
  type News,
  type Problem,
  type Progress,
  type RulesText,
} from './messages.ts'
import { pieces } from './pieces.ts'

export const SOURCES = { syscall: syscall(), k8s_audit: k8sAudit() }

/** Milliseconds between two reports. */
const REPORT_MS = 100
/** Explanations that are kept, of each rule; later ones are found by running again. */
const MAX_KEPT = 20
const MAX_SCENE = 1 << 20
const MAX_PROBLEMS = 100

/** Stops a run from within, when the event that it was for has been seen. */
class Enough extends Error {}

export class Run {
  readonly #tell: (news: News) => void
  #engine: Engine | undefined
  #input: Input | undefined
  readonly #kept = new Map<number, WhyClause>()

  constructor(tell: (news: News) => void) {
    this.#tell = tell
  }

  load(files: readonly RulesText[]): Loaded {
    // What generates code is forbidden to pages.
    const engine = new Engine({ sources: Object.values(SOURCES), backend: 'vm' })
    const { ok, errors, warnings, rules } = engine.load(files)
    this.#engine = ok ? engine : undefined
    const shown = ({ code, message, locations }: (typeof errors)[number]): Problem => {
      const { name, line } = locations.at(-1)!.position
      return { code, message, file: name, line }
    }
    return { ok, errors: errors.map(shown), warnings: warnings.map(shown), rules: rules.length }
  }

  /** @throws {Error} for an input that cannot be read */
  async run(input: Input): Promise<Done> {
    this.#input = input
    this.#kept.clear()
    const kept = new Map<string, number>()
    let fresh: AlertJson[] = []
    const report = new Reports(progress => {
      if (fresh.length > 0) this.#tell({ news: 'alerts', alerts: fresh })
      fresh = []
      this.#tell({ news: 'progress', progress })
    })
    return this.#play(input, report, (alert, number, explain) => {
      const count = kept.get(alert.rule) ?? 0
      if (count < MAX_KEPT) this.#kept.set(number, explain())
      kept.set(alert.rule, count + 1)
      if (number < MAX_ALERTS) fresh.push(JSON.parse(alertJson(alert, { id: true, message: true })))
    })
  }

  async why(number: number): Promise<WhyClause | undefined> {
    let found = this.#kept.get(number)
    if (found || !this.#input) return found
    try {
      await this.#play(this.#input, new Reports(() => {}), (_, n, explain) => {
        if (n !== number) return
        found = explain()
        throw new Enough()
      })
    } catch (error) {
      if (!(error instanceof Enough)) throw error
    }
    return found
  }

  async #play(input: Input, report: Reports, see: See): Promise<Done> {
    const engine = this.#engine
    if (!engine) throw new Error('the rules have errors')
    const began = performance.now()
    const data = typeof input.data === 'string' ? new Blob([input.data]) : input.data
    report.size = data.size
    const take = <E>(source: Source<E>, event: E) => {
      report.events++
      for (const alert of engine.evaluate(source, event))
        see(alert, report.count(alert.rule), () => whyOf(engine.explain(source, event, alert.rule)))
      report.maybe()
    }
    const bytes = pieces(data, read => void (report.bytes = read))
    const { kind, problems } = await play(engine, bytes, take)
    report.now()
    const { events, alerts, size, counts } = report
    return { kind, problems, bytes: size, size, events, alerts, counts, took: performance.now() - began }
  }
}

type See = (alert: Parameters<typeof alertJson>[0], number: number, explain: () => WhyClause) => void
type Take = <E>(source: Source<E>, event: E) => void

class Reports {
  bytes = 0
  size = 0
  events = 0
  alerts = 0
  readonly counts: Record<string, number> = {}
  readonly #send: (progress: Progress) => void
  #last = performance.now()

  constructor(send: (progress: Progress) => void) {
    this.#send = send
  }

  /** @returns the number of the alert */
  count(rule: string): number {
    this.counts[rule] = (this.counts[rule] ?? 0) + 1
    return this.alerts++
  }

  maybe(): void {
    if ((this.events & 1023) === 0 && performance.now() - this.#last > REPORT_MS) this.now()
  }

  now(): void {
    this.#last = performance.now()
    const { bytes, size, events, alerts } = this
    this.#send({ bytes, size, events, alerts })
  }
}

/** Plays an input; its first bytes show its kind. */
async function play(
  engine: Engine,
  bytes: AsyncGenerator<Uint8Array, void>,
  take: Take,
): Promise<Pick<Done, 'kind' | 'problems'>> {
  const { value: first } = await bytes.next()
  if (!first) return { kind: 'scene', problems: ['the input is empty'] }
  const all = (async function* () {
    yield first
    yield* bytes
  })()
  if (first[0] === 0x0a && first[1] === 0x0d && first[2] === 0x0d && first[3] === 0x0a)
    return { kind: 'capture', problems: await playCapture(engine, all, take) }
  const head = new TextDecoder().decode(first.subarray(0, 100)).trimStart()
  if (/^[[{]/.test(head)) return { kind: 'audit', problems: await playAudit(all, take) }
  return { kind: 'scene', problems: await playText(all, take) }
}

async function playCapture(engine: Engine, bytes: AsyncIterable<Uint8Array>, take: Take): Promise<string[]> {
  const types = engine.wantedTypes('syscall')
  const wanted = types === 'all' ? undefined : [...types.keys()].filter(type => types[type] === 1)
  const fields = engine.fieldsRead('syscall')
  const replay = await replayPieces(bytes, { ...(wanted && { wanted }), fields })
  const { syscall: source } = SOURCES
  try {
    do {
      while (replay.next()) take<SyscallEvent>(source, replay.event)
    } while (await replay.fill())
  } catch (error) {
    if (error instanceof Enough) throw error
    return [(error as Error).message]
  } finally {
    replay.close()
  }
  return []
}

async function playAudit(bytes: AsyncIterable<Uint8Array>, take: Take): Promise<string[]> {
  const problems: string[] = []
  const decoder = new AuditLogDecoder({
    onProblem: ({ message }) => void (problems.length < MAX_PROBLEMS && problems.push(message)),
  })
  const each = (batches: Iterable<AuditEvent[]>) => {
    for (const batch of batches) for (const event of batch) take<AuditEvent>(SOURCES.k8s_audit, event)
  }
  for await (const piece of bytes) each(decoder.read(piece))
  each(decoder.readEnd())
  return problems
}

async function playText(bytes: AsyncIterable<Uint8Array>, take: Take): Promise<string[]> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of bytes) {
    text += decoder.decode(piece, { stream: true })
    if (text.length > MAX_SCENE) throw new Error('this is neither a capture nor an audit log, and too long for a scene')
  }
  playScene(text.split('\n'), event => take<SyscallEvent>(SOURCES.syscall, event))
  return []
}

/** As the console's own answer. */
function whyOf({ condition }: Explanation): WhyClause {
  const clause = ({ kind, truth, text, valueText, macro, place, children }: ExplainedNode): WhyClause => ({
    ...{ kind, truth },
    ...(text !== undefined && { text }),
    ...(valueText !== undefined && { value: valueText }),
    ...(macro !== undefined && { macro }),
    ...(place && { place: { file: place.file, line: place.line, column: place.column } }),
    ...(children && { children: children.map(clause) }),
  })
  return clause(condition)
}
