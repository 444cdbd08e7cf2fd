/**
 * Actions of somebody's own, from files. What an action would do is planned here, as for those of falc; it runs in a thread of its own,
 * which ends with it: in time, and with the memory that it may take.
 */
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { ACTIONS } from './actions/list.ts'
import type { Action, Context } from './model/action.ts'
import type { Answer } from './model/call.ts'

/** Megabytes of a function's heap. */
const MEMORY = 128

const NAME = /^[a-z][a-z0-9_]{0,63}$/

/**
 * The actions that files export, each as an object such as `defineAction` takes.
 * @throws {Error} when a file cannot be loaded, or what it exports is not one
 */
export async function loadFunctions(files: readonly string[]): Promise<Action[]> {
  const loaded: Action[] = []
  for (const file of files) {
    const url = pathToFileURL(file).href
    const exported = await import(/* @vite-ignore */ url).catch(error => {
      throw new Error(`${file}: ${(error as Error).message}`)
    })
    const found = Object.values(exported).filter(isObject)
    if (found.length === 0) throw new Error(`${file}: it exports no action`)
    for (const action of found) {
      const fault = faultOf(action, [...ACTIONS, ...loaded])
      if (fault !== undefined) throw new Error(`${file}: ${fault}`)
      loaded.push(inThread(action as unknown as Action, url))
    }
  }
  return loaded
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function faultOf(
  { name, params, target, plan, run, example }: Record<string, unknown>,
  others: readonly Action[],
): string | undefined {
  if (typeof name !== 'string' || !NAME.test(name)) return 'an action has a name of small letters, digits and _'
  if (others.some(one => one.name === name)) return `there is an action ${name} already`
  if (!isObject(params) || params.type !== 'object') return `${name}: params must be a JSON Schema of an object`
  if (typeof target !== 'function' || typeof plan !== 'function') return `${name}: target and plan must be functions`
  if (run !== undefined && typeof run !== 'function') return `${name}: run must be a function`
  return typeof example === 'string' ? undefined : `${name}: example must be a text`
}

function inThread(action: Action, url: string): Action {
  const { run } = action
  return run ? { ...action, run: context => runInThread(url, action.name, context) } : action
}

/** What runs in the thread. */
const PROGRAM = `
const { parentPort, workerData: { url, name, context } } = require('node:worker_threads')
import(url)
  .then(exported => Object.values(exported).find(one => one?.name === name).run({ ...context, signal: AbortSignal.timeout(2 ** 31 - 1) }))
  .then(answer => parentPort.postMessage({ answer }), error => parentPort.postMessage({ error: String(error?.message ?? error) }))
`

function runInThread(url: string, name: string, { signal, ...context }: Context<unknown>): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    const { alert } = context
    const worker = new Worker(PROGRAM, {
      eval: true,
      // Nothing of falc's own: neither its environment nor its arguments.
      env: { PATH: process.env.PATH },
      argv: [],
      workerData: {
        url,
        name,
        context: { ...context, alert: 'toObject' in alert ? (alert as any).toObject() : alert },
      },
      resourceLimits: { maxOldGenerationSizeMb: MEMORY },
    })
    const end = () => void worker.terminate()
    signal.addEventListener('abort', end, { once: true })
    worker.once('message', ({ answer, error }) => {
      end()
      if (error === undefined) resolve(answer)
      else reject(new Error(error))
    })
    worker.once('error', reject)
    worker.once('exit', () => {
      signal.removeEventListener('abort', end)
      reject(new Error('the function ended without an answer'))
    })
  })
}
