/** The desk's thread. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { StoreError } from '@falc/store'
import { Desk, type DeskOptions } from './desk.ts'
import { Refused } from './failure.ts'
import type { Who } from './routes/route.ts'

export interface Question {
  readonly number: number
  /** Its place in the table. */
  readonly route: number
  readonly who: Who
  /** A query string. */
  readonly given: string
  readonly id: string
  readonly body: Uint8Array
}

/** Whoever asked this is gone. */
export interface Dropped {
  readonly drop: number
}

export type Reply =
  | { readonly number: number; readonly json: string }
  | { readonly number: number; readonly refused: Pick<Refused, 'status' | 'code' | 'message' | 'headers'> }
  /** The store's failure, or the console's. */
  | { readonly number: number; readonly failed: string; readonly fault: StoreError['fault'] | undefined }

export async function serve(port: MessagePort, options: DeskOptions): Promise<void> {
  const desk = loaded(options)
  const asked = new Map<number, AbortController>()
  port.on('message', async (question: Question | Dropped | 'close') => {
    if (question === 'close') {
      const { close } = await desk
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
    const reply = await replied(await desk, question, gone.signal)
    asked.delete(number)
    port.postMessage(reply)
  })
  await desk
}

async function loaded(options: DeskOptions): Promise<{ desk: Desk; close: () => Promise<void> }> {
  const [{ syscall }, { k8sAudit }] = await Promise.all([
    import('@falc/sources-syscall'),
    import('@falc/sources-k8saudit'),
  ])
  const desk = new Desk(options, [syscall(), k8sAudit()])
  return { desk, close: () => desk.close() }
}

async function replied({ desk }: { desk: Desk }, question: Question, signal: AbortSignal): Promise<Reply> {
  const { number, route, who, given, id, body } = question
  try {
    const asking = { who, given: new URLSearchParams(given), id, body: Buffer.from(body) }
    return { number, json: await desk.answer(route, asking, signal) }
  } catch (error) {
    if (error instanceof Refused) {
      const { status, code, message, headers } = error
      return { number, refused: { status, code, message, headers } }
    }
    if (error instanceof StoreError) return { number, failed: error.message, fault: error.fault }
    return { number, failed: String((error as Error).stack), fault: undefined }
  }
}

if (parentPort) void serve(parentPort, workerData as DeskOptions)
