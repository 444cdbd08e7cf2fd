import type { AlertData, Detector } from '@falc/engine/runtime'
import type { AuditEvent } from '../event.ts'
import { AuditLogDecoder } from '../log/decoder.ts'
import { BodyReader } from '../parse.ts'
import type { Found, Part } from '../piece.ts'
import type { AuditProblem } from '../problem.ts'
import { AuditSieve } from '../sieve/sieve.ts'
import { countedEvents, newStats } from '../stats.ts'

/** What has come of a part, as plain data. */
export interface Evaluated extends Found {
  /** Events that were evaluated; the others were passed over. */
  readonly events: number
  /** In the order of the events. */
  readonly alerts: readonly AlertData[]
}

/** Why a part has to be evaluated where all that came before it is known. */
export type Reason =
  /** A document continues beyond its end. */
  | 'unfinished'
  /** Something asked for the number of an event, which counts those before the part. */
  | 'numbers'
  /** More alerts or problems than are held at a time. */
  | 'size'
  /** Evaluating it has thrown. */
  | 'error'

/** Bytes of the alerts of a part, roughly. */
const MAX_ALERTS = 8 << 20
const MAX_PROBLEMS = 1000

export interface EvaluateOptions {
  readonly detector: Detector
  /** Name of the source. */
  readonly source: string
  readonly maxEventSize?: number | undefined
  /** Events that no rule can match are not parsed. */
  readonly sieved: boolean
  /** Whether anything has asked for the number of an event. */
  readonly numbered: () => boolean
}

/** Evaluates a single part. */
export function evaluatePart({ form, bytes }: Part, options: EvaluateOptions): Evaluated | Reason {
  const { detector, source, maxEventSize, sieved, numbered } = options
  const stats = newStats()
  const problems: AuditProblem[] = []
  const common = {
    ...(maxEventSize !== undefined && { maxEventSize }),
    sieve: () => (sieved ? detector.sieve<AuditEvent>(source) : undefined),
    onProblem: (problem: AuditProblem) => void problems.push(problem),
  }
  const decoder = form === 'lines' ? new AuditLogDecoder(common, stats) : undefined
  const body = () =>
    new BodyReader(textOf(bytes), { ...common, strict: true, sieve: () => AuditSieve.of(common.sieve()) })
  const alerts: AlertData[] = []
  let events = 0
  let size = 0
  for (const batch of decoder?.read(bytes) ?? countedEvents(body(), stats, common.onProblem)) {
    events += batch.length
    for (const event of batch)
      for (const alert of detector.evaluate(source, event)) {
        const copy = alert.toObject()
        size += weightOf(copy)
        alerts.push(copy)
      }
    if (numbered()) return 'numbers'
    if (size > MAX_ALERTS || problems.length > MAX_PROBLEMS) return 'size'
  }
  if (decoder && !decoder.atStart) return 'unfinished'
  return { stats, problems, lines: decoder?.lines ?? 0, events, alerts }
}

const textOf = ({ buffer, byteOffset, length }: Uint8Array) => Buffer.from(buffer, byteOffset, length).toString('utf8')

function weightOf({ output, output_fields, condition_fields = {} }: AlertData): number {
  let weight = 2 * output.length
  for (const fields of [output_fields, condition_fields])
    for (const value of Object.values(fields)) weight += typeof value === 'string' ? value.length : 16
  return weight
}
