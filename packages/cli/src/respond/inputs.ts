/** The inputs of `falc respond`: standard input, or HTTP requests as Falco's http_output sends them. */
import { once } from 'node:events'
import { type AlertData, parseAlert } from '@falc/engine'
import type { Taken } from '@falc/response'
import { HttpReceiver, type ReceiverOptions, type Refusal, type Reply, type Service } from '@falc/sources-k8saudit'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { Credentials } from '../server-files.ts'

export type Take = (alert: AlertData) => Promise<Taken>

/** Alerts at the same time. */
const MAX_RUNNING = 16

/** Bytes of an alert. */
const MAX_ALERT = 1024 * 1024

/** Lines of JSON, to their end. @returns the number of lines that were no alerts or could not be acted on; they are not sent again */
export async function readStdin(take: Take, log: Log, stop: AbortSignal): Promise<number> {
  const running = new Set<Promise<unknown>>()
  let refused = 0
  const stopReading = () => process.stdin.destroy()
  stop.addEventListener('abort', stopReading)
  try {
    for await (const line of linesOf(process.stdin, MAX_ALERT)) {
      if (line?.trim() === '') continue
      let alert: AlertData
      try {
        if (line === undefined) throw new Error('a line is longer than 1 MiB')
        alert = parseAlert(line)
      } catch (error) {
        refused++
        log.warning(`standard input: ${(error as Error).message}`)
        continue
      }
      const one = take(alert).then(({ busy }) => {
        running.delete(one)
        if (!busy) return
        refused++
        log.warning(`standard input: ${alert.rule}: it could not be recorded what is to be done, so it was not done`)
      })
      running.add(one)
      if (running.size >= MAX_RUNNING) await Promise.race(running)
    }
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    stop.removeEventListener('abort', stopReading)
    await Promise.all(running)
  }
  return refused
}

/** The lines of a stream; undefined for one of more than `most` bytes, whatever its length. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, most: number): AsyncGenerator<string | undefined, void> {
  const line = Buffer.allocUnsafe(most)
  let size = 0
  const taken = () => (size > most ? undefined : line.toString('utf8', 0, size))
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(10, at)
      const part = chunk.subarray(at, end < 0 ? undefined : end)
      if (size + part.length <= most) line.set(part, size)
      size += part.length
      at += part.length + 1
      if (end < 0) break
      yield taken()
      size = 0
    }
  if (size > 0) yield taken()
}

/** An alert that waits takes memory, so the sender is asked to wait instead. */
const MAX_WAITING = 1000

type Address = Required<Pick<ReceiverOptions, 'host' | 'port' | 'onFault'>>

/** An alert is answered when what was done for it is recorded. */
export class HttpInput implements Service {
  readonly #receiver: HttpReceiver
  readonly #take: Take
  readonly #metrics: () => string
  #waiting = 0

  /** @throws {CliError} if anyone on the network could make it act */
  constructor(
    address: Address & { readonly tokens?: readonly string[] | undefined },
    take: Take,
    metrics: () => string,
  ) {
    const { host, port, tokens, onFault } = address
    this.#take = take
    this.#metrics = metrics
    this.#receiver = new HttpReceiver({ host, port, onFault, maxBodyBytes: MAX_ALERT, ...(tokens && { tokens }) }, this)
    if (this.#receiver.exposed !== undefined)
      throw new CliError(`--listen on ${this.#receiver.exposed} needs --token-file: anybody could make falc act`)
  }

  get url(): string {
    return this.#receiver.url
  }

  async listen(): Promise<void> {
    await this.#receiver.listen()
  }

  renew(credentials: Credentials): void {
    this.#receiver.renew(credentials)
  }

  async close(): Promise<void> {
    await this.#receiver.close()
  }

  route(path: string): Refusal | Reply | 'body' {
    if (path === '/metrics') return { type: 'text/plain; version=0.0.4', body: this.#metrics() }
    return path === '/' ? 'body' : { status: 404, cause: 'route', reason: 'alerts go to /' }
  }

  async take(body: Buffer): Promise<Refusal | undefined> {
    if (this.#waiting >= MAX_WAITING)
      return { status: 503, cause: 'busy', reason: 'too many alerts wait', retryAfter: 5 }
    let alert: AlertData
    try {
      alert = parseAlert(body.toString('utf8'))
    } catch (error) {
      return { status: 400, cause: 'bad-body', reason: (error as Error).message }
    }
    this.#waiting++
    try {
      const { busy } = await this.#take(alert)
      return busy
        ? {
            status: 503,
            cause: 'busy',
            reason: 'another responder is at it, or it could not be recorded',
            retryAfter: 1,
          }
        : undefined
    } finally {
      this.#waiting--
    }
  }
}

/** Metrics of a responder whose alerts come from elsewhere. */
export class MetricsServer implements Service {
  readonly #receiver: HttpReceiver
  readonly #metrics: () => string

  constructor(address: Address, metrics: () => string) {
    this.#metrics = metrics
    this.#receiver = new HttpReceiver({ ...address, maxBodyBytes: 0 }, this)
  }

  get url(): string {
    return this.#receiver.url
  }

  async listen(): Promise<void> {
    await this.#receiver.listen()
  }

  async close(): Promise<void> {
    await this.#receiver.close()
  }

  route(path: string): Refusal | Reply {
    if (path === '/metrics') return { type: 'text/plain; version=0.0.4', body: this.#metrics() }
    if (path === '/healthz') return { type: 'application/json', body: '{"status":"ok"}' }
    return { status: 404, cause: 'route', reason: 'there are /metrics and /healthz' }
  }

  async take(): Promise<undefined> {}
}

/** Resolves with the first signal that asks to stop. */
export async function stopSignal(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}
