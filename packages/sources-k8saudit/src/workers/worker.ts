/** A thread that evaluates parts of audit events: see pool.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { Regex } from '@falc/engine/regex'
import { type Detector, defineSource, loadRuleset } from '@falc/engine/runtime'
import { k8sAudit } from '../k8s-audit.ts'
import type { Part } from '../piece.ts'
import { type Evaluated, evaluatePart, type Reason } from './evaluate.ts'

export interface Settings {
  readonly hostname?: string | undefined
  readonly identity?: string | undefined
  readonly backend?: 'vm' | 'jit' | undefined
  readonly maxEventSize?: number | undefined
  readonly sieved: boolean
}

/** Rules as `Engine.save` returns them, with a number that answers refer to. */
export interface Rules {
  readonly generation: number
  readonly ruleset: Uint8Array
}

export type Request = { readonly rules: Rules } | { readonly part: Part }

/** What evaluating a part has added to the engine's counts. */
export interface Counts {
  readonly extractErrors: Readonly<Record<string, number>>
  readonly absences: Readonly<Record<string, number>>
}

/** The first failure of a field, with its stack. */
export interface Failure {
  readonly source: string
  readonly field: string
  readonly error: string
}

export type Answer =
  /** The rules are loaded. */
  | { readonly ready: number }
  | { readonly unable: string }
  | {
      readonly generation: number
      readonly outcome: Evaluated | Reason
      readonly counts: Counts
      readonly failures: readonly Failure[]
      /** Milliseconds that it has taken. */
      readonly busy: number
    }

const { settings, rules: first } = workerData as { readonly settings: Settings; readonly rules: Rules }
const { hostname, identity, backend, maxEventSize, sieved } = settings

const port = parentPort!
const failures: Failure[] = []
const failed = new Set<string>()
let numbered = false
let detector: Detector
let generation: number

const plain = k8sAudit()
const source = defineSource({
  ...plain,
  num(event) {
    numbered = true
    return plain.num?.(event)
  },
})

function load({ generation: number, ruleset }: Rules): void {
  failed.clear()
  detector = loadRuleset(ruleset, {
    ...{ sources: [source], partly: true, regex: Regex },
    ...(hostname !== undefined && { hostname }),
    ...(identity !== undefined && { identity }),
    ...(backend !== undefined && { backend }),
    onError({ source, field, error }) {
      if (failed.has(field)) return
      failed.add(field)
      failures.push({ source, field, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    },
  })
  generation = number
}

function evaluate(part: Part): Evaluated | Reason {
  numbered = false
  try {
    return evaluatePart(part, { detector, source: source.name, maxEventSize, sieved, numbered: () => numbered })
  } catch {
    return 'error'
  }
}

/** What has been added to some counts. */
function added(after: Counts[keyof Counts], before: Counts[keyof Counts]): Record<string, number> {
  const rows = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
  return Object.fromEntries(rows.filter(([, count]) => count > 0))
}

function take(request: Request): void {
  if ('rules' in request) {
    tryToLoad(request.rules)
    return
  }
  const start = performance.now()
  const before = detector.stats()
  const outcome = evaluate(request.part)
  const after = detector.stats()
  const counts = {
    extractErrors: added(after.extractErrors, before.extractErrors),
    absences: added(after.absences, before.absences),
  }
  const busy = performance.now() - start
  port.postMessage({ generation, outcome, counts, failures: failures.splice(0), busy } satisfies Answer)
}

function tryToLoad(rules: Rules): void {
  try {
    load(rules)
    port.postMessage({ ready: generation } satisfies Answer)
  } catch (error) {
    port.postMessage({ unable: (error as Error).message } satisfies Answer)
  }
}

tryToLoad(first)
port.on('message', take)
