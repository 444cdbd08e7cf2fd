/** Requests that pages of other sites make. */
import type { IncomingMessage } from 'node:http'
import { Refused } from '../failure.ts'

const isLoopback = (host: string) => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host)

/** Whether only this machine can reach an address. */
export const isLocal = isLoopback

/**
 * Whether a page of another site is behind a request: a browser says where it comes from. An open console answers to the names of this
 * machine only, since a site may give its own name this machine's address.
 * @param isProxied whether a trusted proxy says under which name it was asked
 * @throws {Refused}
 */
export function checkSite({ headers }: IncomingMessage, isOpen: boolean, isProxied = false): void {
  const { origin } = headers
  const forwarded = headers['x-forwarded-host']
  const host = (isProxied && typeof forwarded === 'string' ? forwarded : headers.host) ?? ''
  if (isOpen && !isLoopback(host.replace(/:\d+$/, ''))) throw new Refused(403, 'host', 'this name is not the console’s')
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host)
    throw new Refused(403, 'origin', 'a page of another site asks')
  if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate')
    throw new Refused(403, 'origin', 'a page of another site asks')
}

/**
 * Alerts come from programs, perhaps without a token: a page that gives its own name the console's address would be as good a sender.
 * @throws {Refused}
 */
export function checkProgram({ headers }: IncomingMessage): void {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined)
    throw new Refused(403, 'origin', 'pages in a browser may not send alerts')
}
