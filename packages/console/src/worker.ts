/** The entry point of the backend's thread. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { StoreError } from '@falc/store'
import { Backend, type BackendOptions } from './backend.ts'
import { Refused } from './failure.ts'
import type { Who } from './routes/route.ts'

export interface Question {
  readonly number: number
  /** An index of ROUTES. */
  readonly route: number
  readonly who: Who
  /** A query string. */
  readonly given: string
  readonly id: string
  readonly body: Uint8Array
}

/** The client of this request has disconnected. */
export interface Dropped {
  readonly drop: number
}

export type Reply =
  | { readonly number: number; readonly json: string }
  | { readonly number: number; readonly refused: Pick<Refused, 'status' | 'code' | 'message' | 'headers'> }
  /** `fault` is set for a StoreError. */
  | { readonly number: number; readonly failed: string; readonly fault: StoreError['fault'] | undefined }

export async function serve(port: MessagePort, options: BackendOptions): Promise<void> {
  const backend = loaded(options)
  const asked = new Map<number, AbortController>()
  port.on('message', async (question: Question | Dropped | 'close') => {
    if (question === 'close') {
      const { close } = await backend
      await close()
      port.close()
      return
    }
    if ('drop' in question) {
      asked.get(question.drop)?.abort()
      return
    }
    const { number } = question
    const gone = new AbortController()
    asked.set(number, gone)
    const reply = await replied(await backend, question, gone.signal)
    asked.delete(number)
    port.postMessage(reply)
  })
  await backend
}

async function loaded(options: BackendOptions): Promise<{ backend: Backend; close: () => Promise<void> }> {
  const [{ syscall }, { k8sAudit }] = await Promise.all([
    import('@falc/sources-syscall'),
    import('@falc/sources-k8saudit'),
  ])
  const backend = new Backend(options, [syscall(), k8sAudit()])
  return { backend, close: () => backend.close() }
}

async function replied({ backend }: { backend: Backend }, question: Question, signal: AbortSignal): Promise<Reply> {
  const { number, route, who, given, id, body } = question
  try {
    const request = { who, given: new URLSearchParams(given), id, body: Buffer.from(body) }
    return { number, json: await backend.answer(route, request, signal) }
  } catch (error) {
    if (error instanceof Refused) {
      const { status, code, message, headers } = error
      return { number, refused: { status, code, message, headers } }
    }
    if (error instanceof StoreError) return { number, failed: error.message, fault: error.fault }
    return { number, failed: String((error as Error).stack), fault: undefined }
  }
}

if (parentPort) void serve(parentPort, workerData as BackendOptions)
