/** The connections of an HTTP client, which are used again. */
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import type { TlsMaterial } from './tls.ts'

export interface AgentsOptions {
  readonly tls?: TlsMaterial
  /** As in the environment: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
  readonly proxies: Readonly<Record<string, string>>
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
    const { keepAlive = true, sockets = 1, proxies } = this.#options
    return { keepAlive, maxSockets: sockets, proxyEnv: proxies }
  }
}

/** @param proxy URL of a proxy; null: none; undefined: those of the environment */
export function proxiesOf(proxy: string | undefined | null): AgentsOptions['proxies'] {
  if (proxy) return { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }
  const all = proxy === null ? [] : Object.entries(process.env)
  return Object.fromEntries(all.filter(([name]) => /^(?:https?|no)_proxy$/i.test(name))) as Record<string, string>
}
