/** The thread that writes a store. It receives batches of alerts and confirms each; between batches it removes expired alerts. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { isoTime } from '@falc/engine'
import type { Batch } from './batch.ts'
import { StoreError, type StoreFault } from './error.ts'
import { isDamaged, moveAside } from './integrity.ts'
import { Store } from './store.ts'
import type { Gap, Retention } from './write.ts'

export interface WorkerOptions extends Retention {
  readonly path: string
}

/** Alerts, or the end. */
export type Request = Batch | 'close'

export type Answer =
  | { readonly kind: 'done'; readonly added: number }
  | { readonly kind: 'failed'; readonly fault: StoreFault | undefined; readonly message: string }
  /** Something that an operator should know; no answer to a request. */
  | { readonly kind: 'note'; readonly text: string }

/** Milliseconds between two looks at what need not be kept. */
const PRUNE_MS = 1000

export function serve(port: MessagePort, { path, ...retention }: WorkerOptions): void {
  let store: Store | undefined
  let timer: NodeJS.Timeout | undefined
  /** The gap that was noted. */
  let told: number | undefined
  const note = (text: string) => port.postMessage({ kind: 'note', text } satisfies Answer)

  /** A damaged store is moved aside, and a new one begun. */
  async function recovering<T>(step: () => T | Promise<T>): Promise<T> {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof StoreError) || !isDamaged(error.fault, path)) throw error
      // If another process has already moved it aside, the path is that of its new store.
      const isThere = store?.isInPlace ?? true
      store?.close()
      store = undefined
      if (isThere) note(`${path} is damaged (${error.message}): it is now ${moveAside(path)}, and a new store is begun`)
      return step()
    }
  }

  async function insert(batch: Batch): Promise<number> {
    if (store && !store.isInPlace) {
      store.close()
      store = undefined
      note(`${path} has been moved or removed: a new store is begun`)
    }
    store ??= await Store.open(path)
    const added = store.insertBatch(batch)
    schedule(PRUNE_MS)
    return added
  }

  function schedule(ms: number): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void recovering(() => {
        if (!store) return
        // One step at a time: batches that wait come first.
        if (store.prune(retention) > 0) schedule(0)
        const { gap } = store
        if (gap && gap.from !== told) note(`${path}: ${kept(gap)}`)
        told = gap?.from
      }).catch((error: Error) => note(`${path}: cannot remove old alerts: ${error.message}`))
    }, ms)
  }

  async function answer(request: Request): Promise<void> {
    if (request === 'close') {
      clearTimeout(timer)
      store?.close()
      port.close()
      return
    }
    try {
      const added = await recovering(() => insert(request))
      port.postMessage({ kind: 'done', added } satisfies Answer)
    } catch (error) {
      const fault = error instanceof StoreError ? error.fault : undefined
      port.postMessage({ kind: 'failed', fault, message: (error as Error).message } satisfies Answer)
    }
  }

  let turn = Promise.resolve()
  port.on('message', (request: Request) => {
    turn = turn.then(() => answer(request))
  })
}

function kept({ from, to, grace }: Gap): string {
  const [last, now] = [from, to].map(ms => isoTime(BigInt(ms) * 1_000_000n))
  return `its alerts are older than it keeps them, the last one of ${last}, if it is ${now}: they stay for up to ${Math.ceil(grace / 60_000)} minutes, in case the clock is wrong`
}

if (parentPort) serve(parentPort, workerData as WorkerOptions)
