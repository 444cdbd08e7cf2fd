/** The connections of an HTTP client, which are used again. */
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import type { TlsMaterial } from './tls.ts'

export interface AgentsOptions {
  readonly tls?: TlsMaterial
  /** URL of a proxy; null: none, whatever the environment says. Default: the environment's. */
  readonly proxy?: string | undefined | null
  /** Default true. */
  readonly keepAlive?: boolean
  /** Requests at the same time. Default 1. */
  readonly sockets?: number
}

export class Agents {
  readonly #options: AgentsOptions
  #plain: Agent | undefined
  #secure: SecureAgent | undefined

  constructor(options: AgentsOptions) {
    this.#options = options
  }

  get plain(): Agent {
    this.#plain ??= new Agent(this.#common())
    return this.#plain
  }

  /** Made on use: TLS takes a while to load. */
  get secure(): SecureAgent {
    this.#secure ??= new SecureAgent({ ...(this.#options.tls as object), ...this.#common() })
    return this.#secure
  }

  close(): void {
    this.#plain?.destroy()
    this.#secure?.destroy()
  }

  #common() {
    const { keepAlive = true, sockets = 1, proxy } = this.#options
    const proxyEnv = proxy ? { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } : proxy === null ? {} : process.env
    return { keepAlive, maxSockets: sockets, proxyEnv }
  }
}
