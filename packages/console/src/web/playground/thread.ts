/** The page's side of a worker thread. */
import type { Answer, Call, Calls, News } from './messages.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

export class Thread {
  readonly #worker: Promise<Worker>
  readonly #waiting = new Map<number, Waiting>()
  #next = 1

  constructor(heard: (news: News) => void = () => {}) {
    this.#worker = startWorker().then(worker => {
      worker.onmessage = ({ data }: MessageEvent<Answer | News>) => {
        if ('news' in data) heard(data)
        else this.#settle(data)
      }
      worker.onerror = () => this.stop('the engine did not start')
      return worker
    })
  }

  async call<Name extends keyof Calls>(call: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    const worker = await this.#worker
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: value => resolve(value as ReturnType<Calls[Name]>), reject })
      worker.postMessage({ id, call, args } satisfies Call)
    })
  }

  #settle({ id, value, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(error))
  }

  /** Also in the middle of what it does. */
  stop(reason = 'stopped'): void {
    void this.#worker.then(worker => worker.terminate())
    for (const { reject } of this.#waiting.values()) reject(new Error(reason))
    this.#waiting.clear()
  }
}

/** Pages that were opened from a folder, not from a server, may start no program of that folder, but run it as a script. */
async function startWorker(): Promise<Worker> {
  if (location.protocol !== 'file:') return new Worker('engine.js')
  const program = await programOf()
  return new Worker(URL.createObjectURL(new Blob([`(${program})()`], { type: 'text/javascript' })))
}

const page = globalThis as { falcEngine?: () => void }

function programOf(): Promise<() => void> {
  if (page.falcEngine) return Promise.resolve(page.falcEngine)
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = 'engine.js'
    script.onload = () => resolve(page.falcEngine!)
    script.onerror = () => reject(new Error('engine.js is not beside the page'))
    document.head.append(script)
  })
}
