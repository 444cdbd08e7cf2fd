/** Carries out planned calls and returns their answers. */

import type { Answered } from './journal/format.ts'
import type { Action, Context } from './model/action.ts'
import type { Answer, Attempt, Call, Outcome, Port, Ports } from './model/call.ts'

export interface Acted {
  readonly answers: readonly Answered[]
  readonly outcome: Outcome
}

/** The calls in order, up to the first that is not as wanted. */
export async function callAll(calls: readonly Call[], ports: Ports, attempt: Attempt): Promise<Acted> {
  const answers: Answered[] = []
  for (const call of calls) {
    const { outcome, said, data } = await answerTo(call, ports, attempt)
    answers.push({ call: call.says, outcome, said: said.slice(0, 2000), ...(data && { data }) })
    if (outcome === 'failed' || outcome === 'refused' || outcome === 'undecided') break
  }
  return { answers, outcome: worst(answers.map(answer => answer.outcome)) }
}

async function answerTo(call: Call, ports: Ports, attempt: Attempt): Promise<Answer> {
  const port = ports[call.via] as Port<Call> | undefined
  if (!port) return { outcome: 'failed', said: `this responder has nothing that does ${call.via}` }
  const { passed, stop } = late(attempt.signal)
  try {
    return await Promise.race([port(call, attempt), passed])
  } catch (error) {
    // A port that breaks may have asked before: whether it was done is not known.
    return { outcome: 'undecided', said: (error as Error).message }
  } finally {
    stop()
  }
}

/** Milliseconds that a port has to say itself how far it came, once its time is up. */
const LAST_WORDS = 2000

/** No port holds up the next steps, or the acknowledgement of the alert. */
function late(signal: AbortSignal): { readonly passed: Promise<Answer>; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined
  let fire = () => {}
  const passed = new Promise<Answer>(resolve => {
    fire = () => {
      timer = setTimeout(() => resolve({ outcome: 'undecided', said: 'no answer in time' }), LAST_WORDS)
    }
  })
  signal.addEventListener('abort', fire, { once: true })
  if (signal.aborted) fire()
  return {
    passed,
    stop: () => {
      signal.removeEventListener('abort', fire)
      clearTimeout(timer)
    },
  }
}

/** An action of somebody's own. */
export async function runAction(action: Action, context: Context<any>): Promise<Acted> {
  try {
    const { signal } = context
    const answer = await Promise.race([
      action.run!(context),
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    ])
    const { outcome, said, data } = answer ?? { outcome: 'done', said: '' }
    return { answers: [{ call: action.name, outcome, said, ...(data && { data }) }], outcome }
  } catch (error) {
    const outcome = context.signal.aborted ? 'undecided' : 'failed'
    return { answers: [{ call: action.name, outcome, said: (error as Error).message }], outcome }
  }
}

const ORDER: readonly Outcome[] = ['undecided', 'failed', 'refused', 'done', 'already', 'gone']

/** The worst of the outcomes of a step's calls. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  return ORDER.find(outcome => outcomes.includes(outcome)) ?? 'already'
}
