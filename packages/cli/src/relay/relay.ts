import { type AlertData, alertId, parseAlert } from '@falc/engine'
import { type Delivery, SteadyPage, savedIn } from '@falc/outputs'
import { HttpReceiver, type Refusal, type Reply, type Service } from '@falc/sources-k8saudit'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { ServerFiles } from '../server-files.ts'
import type { Enrich } from './enrich.ts'
import { RelayCounts } from './page.ts'
import type { SidekickConfig } from './sidekick/config.ts'
import { list, no, yes } from './sidekick/key.ts'

export interface RelayParts {
  readonly deliveries: readonly Delivery[]
  readonly enrich: Enrich
  readonly hostname: string
  /** Path of bearer tokens, one of which senders must have. */
  readonly tokens: string | undefined
  readonly log: Log
}

/** Bytes of one alert. Falco's are below 64 KiB, unless a rule prints whole documents. */
const MAX_BODY = 1024 * 1024

/** Seconds after which a sender should try again. */
const RETRY_AFTER = 5

/** The sender tries again: its alert has an id, so that it arrives once. */
const UNSAVED: Refusal = { status: 503, cause: 'busy', reason: 'the alert is not on disk', retryAfter: RETRY_AFTER }

/** Takes alerts from Falco and falcosidekick by HTTP and gives them to the outputs. */
export class Relay implements Service {
  readonly #parts: RelayParts
  readonly #counts = new RelayCounts()
  readonly #receivers: readonly HttpReceiver[]
  readonly #files: ServerFiles
  #unwatch = () => {}
  readonly #metrics = new SteadyPage(() => this.metrics())

  /** @throws {CliError} for an invalid port, or a certificate that cannot be read */
  constructor(config: SidekickConfig, parts: RelayParts) {
    this.#parts = parts
    const { main, plain, plainPaths, files } = receiverOptions(config, parts)
    this.#files = files
    this.#receivers = [
      new HttpReceiver(main, this),
      ...(plain ? [new HttpReceiver(plain, new Restricted(this, plainPaths))] : []),
    ]
  }

  /** @throws {CliError} when an address is in use */
  async listen(): Promise<void> {
    try {
      for (const receiver of this.#receivers) await receiver.listen()
      this.#unwatch = this.#files.keep({
        renew: credentials => {
          for (const receiver of this.#receivers) receiver.renew(credentials)
        },
      })
    } catch (error) {
      await this.close()
      throw new CliError(`falc relay cannot listen: ${(error as Error).message}`)
    }
  }

  get urls(): readonly string[] {
    return this.#receivers.map(({ url }) => url)
  }

  /** Set if anyone can send alerts; undefined if senders authenticate or must be on this machine. */
  get exposed(): string | undefined {
    return this.#receivers[0]!.exposed
  }

  /** Accepts no new requests, and completes those that have begun. */
  async close(): Promise<void> {
    this.#unwatch()
    await Promise.all(this.#receivers.filter(({ url }) => url !== '').map(receiver => receiver.close()))
  }

  route(path: string, method: string): Refusal | Reply | 'body' | 'call' {
    if (path === '/') return 'body'
    if (path === '/test') return 'call'
    const page = this.#page(path)
    if (page === undefined)
      return { status: 404, cause: 'route', reason: `nothing is served at ${path.slice(0, 200)}; alerts go to /` }
    if (method === 'GET' || method === 'HEAD') return page
    return {
      status: 405,
      cause: 'route',
      reason: `${method.slice(0, 20)} is not allowed, only GET`,
      allow: 'GET, HEAD',
    }
  }

  async take(body: Buffer, _: string, path: string): Promise<Refusal | Reply | undefined> {
    const test = path === '/test'
    let alert: AlertData
    try {
      alert = this.#parts.enrich(test ? testAlert(this.#parts.hostname) : parseAlert(body.toString('utf8')))
    } catch (error) {
      this.#counts.rejected++
      return { status: 400, cause: 'bad-body', reason: (error as Error).message }
    }
    const { deliveries } = this.#parts
    // One output that is full loses what it cannot take, and says so; the others must not wait for it.
    if (deliveries.every(delivery => delivery.refuses)) {
      this.#counts.unavailable++
      return { status: 503, cause: 'busy', reason: 'every output is full', retryAfter: RETRY_AFTER }
    }
    this.#counts.count(alert)
    for (const delivery of deliveries) test ? delivery.take(alert) : delivery.push(alert)
    return (await savedIn(deliveries)) ? undefined : UNSAVED
  }

  #page(path: string): Reply | undefined {
    switch (path) {
      case '/ping':
        return { type: 'text/plain; charset=utf-8', body: 'pong\n' }
      case '/healthz':
        return { type: 'application/json', body: '{"status": "ok"}' }
      case '/metrics':
        return { type: 'text/plain; version=0.0.4', body: this.#metrics.text }
      default:
        return undefined
    }
  }

  metrics(): string {
    const refused: Record<string, number> = {}
    for (const receiver of this.#receivers)
      for (const [cause, count] of Object.entries(receiver.refused)) refused[cause] = (refused[cause] ?? 0) + count
    return this.#counts.page(
      this.#parts.deliveries.map(({ stats }) => stats),
      refused,
      this.#files.series(),
    )
  }
}

/** Some of a service's paths. */
class Restricted implements Service {
  readonly #service: Service
  readonly #paths: readonly string[]

  constructor(service: Service, paths: readonly string[]) {
    this.#service = service
    this.#paths = paths
  }

  route(path: string, method: string): Refusal | Reply | 'body' | 'call' {
    if (this.#paths.includes(path)) return this.#service.route(path, method)
    return { status: 404, cause: 'route', reason: `${path.slice(0, 200)} is served by TLS only` }
  }

  take(...given: Parameters<Service['take']>): ReturnType<Service['take']> {
    return this.#service.take(...given)
  }
}

/** falcosidekick's test alert. */
function testAlert(hostname: string): AlertData {
  const time = BigInt(Date.now()) * 1_000_000n
  const message = 'This is a test from falc relay'
  return {
    id: alertId({ identity: hostname, source: 'syscall', rule: 'Test rule', time, event: 'test' }),
    ...{ rule: 'Test rule', priority: 'Debug', source: 'syscall', tags: ['example', 'test'], time },
    ...{ output: message, message, hostname },
    output_fields: { 'proc.name': 'falcosidekick', 'user.name': 'falcosidekick' },
  }
}

function receiverOptions(config: SidekickConfig, { tokens, log }: RelayParts) {
  const tls = isYes(config, 'tlsserver.deploy')
  const file = (key: string, fallback: string) => config.text(`tlsserver.${key}`) || `/etc/certs/server/${fallback}`
  const certificates = {
    certificate: file('certfile', 'server.crt'),
    key: file('keyfile', 'server.key'),
    ...(isYes(config, 'tlsserver.mutualtls') && { clientCa: file('cacertfile', 'ca.crt') }),
  }
  const files = new ServerFiles('relay', { ...(tls && certificates), tokens }, log)
  const host = config.text('listenaddress')
  const onFault = (text: string) => log.error(`relay: ${text}`)
  const common = { ...(host && { host }), maxBodyBytes: MAX_BODY, onFault }
  try {
    const credentials = files.read()
    const main = { ...common, ...credentials, port: portOf(config, 'listenport', 2801) }
    const plainPaths = tls ? list(config.text('tlsserver.notlspaths')) : []
    const plain =
      plainPaths.length === 0
        ? undefined
        : { ...common, ...credentials, tls: undefined, port: portOf(config, 'tlsserver.notlsport', 2810) }
    return { main, plain, plainPaths, files }
  } catch (error) {
    throw error instanceof CliError ? error : new CliError(`falc relay: ${(error as Error).message}`)
  }
}

/** Read as in falcosidekick, by Go's rules: `True` and `1` must not give a server without TLS. @throws {CliError} */
function isYes(config: SidekickConfig, key: string): boolean {
  const text = config.text(key)
  if (text === '' || no(text)) return false
  if (yes(text)) return true
  throw new CliError(`${config.whereIs(key)}: ${key} must be true or false, not "${text}"`)
}

function portOf(config: SidekickConfig, key: string, fallback: number): number {
  const text = config.text(key)
  const port = text === '' ? fallback : Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new CliError(`${config.whereIs(key)}: ${key} must be a port, not "${text}"`)
}
