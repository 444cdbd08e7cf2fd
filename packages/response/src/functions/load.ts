/**
 * User-defined actions. A user's file never runs on falc's own thread: one permanent thread loads it and plans, and each run has its own
 * thread, which ends with it.
 */
import { pathToFileURL } from 'node:url'
import type { AlertData } from '@falc/engine'
import { ACTIONS } from '../actions/list.ts'
import type { Action, Context, Target } from '../model/action.ts'
import { type Answer, type Call, OUTCOMES } from '../model/call.ts'
import { loading, Planner, Thread } from './thread.ts'

/** Milliseconds that a plan may take. */
const PLANNING = 5000

const NAME = /^[a-z][a-z0-9_]{0,63}$/

/**
 * The actions that files export, each as an object such as `defineAction` takes.
 * @throws {Error} when a file cannot be loaded, or what it exports is not one
 */
export async function loadFunctions(
  files: readonly string[],
  { planning = PLANNING }: { readonly planning?: number } = {},
): Promise<Action[]> {
  const loaded: Action[] = []
  for (const file of files) {
    const url = pathToFileURL(file).href
    const planner = new Planner(url, planning)
    const found = (await planner.described().catch(error => {
      throw new Error(`${file}: ${(error as Error).message}`)
    })) as readonly Described[]
    if (found.length === 0) throw new Error(`${file}: it exports no action`)
    for (const action of found) {
      const fault = faultOf(action, [...ACTIONS, ...loaded])
      if (fault !== undefined) throw new Error(`${file}: ${fault}`)
      loaded.push(threaded(action, url, planner))
    }
  }
  return loaded
}

/** A thread's description of an action. */
type Described = Pick<Action, 'name' | 'doc' | 'example' | 'params' | 'asks'> & {
  readonly functions: readonly string[]
}

function faultOf({ name, params, functions, example }: Described, others: readonly Action[]): string | undefined {
  if (typeof name !== 'string' || !NAME.test(name)) return 'an action has a name of small letters, digits and _'
  if (others.some(one => one.name === name)) return `there is an action ${name} already`
  if (typeof params !== 'object' || params?.type !== 'object')
    return `${name}: params must be a JSON Schema of an object`
  if (!functions.includes('target') || !functions.includes('plan')) return `${name}: target and plan must be functions`
  return typeof example === 'string' ? undefined : `${name}: example must be a text`
}

function threaded({ functions, asks, ...described }: Described, url: string, planner: Planner): Action {
  const { name } = described
  const here = () => {
    throw new Error(`${name} plans in its own thread`)
  }
  return {
    ...described,
    ...(asks && { asks }),
    ...{ target: here, plan: here },
    ...(functions.includes('run') && { run: (context: Context<unknown>) => runThreaded(url, name, context) }),
    ...(functions.includes('undo') && { undo: here }),
    threaded: {
      plan: async (alert, params) => planned(await planner.ask(name, 'plan', { alert: plain(alert), params })),
      undo: async done => callsOf(await planner.ask(name, 'undo', { ...done, alert: plain(done.alert) })),
    },
  }
}

/** Alerts of the engine make their texts when they are read, which a thread could not. */
const plain = (alert: AlertData): AlertData => ('toObject' in alert ? (alert as any).toObject() : alert)

/** @throws {Error} when the result is not a plan */
function planned(value: unknown): { target: Target; calls: readonly (Call | string)[] } {
  const { target, calls } = value as { target?: Partial<Target>; calls?: unknown }
  const texts = [target?.kind, target?.uid, target?.name]
  if (!texts.every(text => typeof text === 'string')) throw new Error('target must return a kind, a uid and a name')
  if (target!.namespace !== undefined && typeof target!.namespace !== 'string')
    throw new Error('the namespace of a target is a text')
  if (!Array.isArray(calls) || !calls.every(one => typeof one === 'string' || isCall(one)))
    throw new Error('plan must return a list of calls and texts')
  return { target: target as Target, calls }
}

function callsOf(value: unknown): readonly Call[] {
  if (!Array.isArray(value) || !value.every(isCall)) throw new Error('undo must return a list of calls')
  return value
}

/** @throws {Error} when the result is not an answer */
function answerIn(value: unknown): Answer | undefined {
  if (value === undefined || value === null) return undefined
  const { outcome, said } = value as Partial<Answer>
  if (!OUTCOMES.some(one => one === outcome) || typeof said !== 'string')
    throw new Error('run must return an outcome and a text, or nothing')
  return value as Answer
}

const isCall = (value: any): value is Call => typeof value?.via === 'string' && typeof value.says === 'string'

async function runThreaded(url: string, name: string, context: Context<unknown>): Promise<Answer | undefined> {
  const { signal, ...input } = context
  signal.throwIfAborted()
  const thread = new Thread(url)
  const end = () => thread.end('the time of the step is up')
  signal.addEventListener('abort', end, { once: true })
  try {
    await loading(thread)
    return answerIn(await thread.ask(name, 'run', { ...input, alert: plain(input.alert) }))
  } finally {
    signal.removeEventListener('abort', end)
    thread.end('')
  }
}
