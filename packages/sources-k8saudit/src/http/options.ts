import { readFileSync } from 'node:fs'
import type { TlsOptions } from 'node:tls'

/** The clients that a receiver accepts, and their limits on memory and time. */
export interface ReceiverOptions {
  /** Address to listen on. Default: all. */
  readonly host?: string
  /** 0 chooses a free one. */
  readonly port: number
  /** Serve HTTPS: the path of one PEM file with certificate and key, or their texts. With `ca`, clients must have a certificate that it signed. */
  readonly tls?:
    | string
    | { readonly cert: string | Buffer; readonly key?: string | Buffer; readonly ca?: string | Buffer }
  /** Bearer tokens, one of which clients must send. Default: no token is needed. */
  readonly tokens?: readonly string[]
  /** A larger body, decompressed, is refused with 413. */
  readonly maxBodyBytes: number
  /** Memory of bodies that are still arriving. When it is used up, the client that holds most loses its oldest body (429). Default 64 MiB. */
  readonly maxArrivingBytes?: number
  /** Milliseconds in which a body must make progress. Default 10,000. */
  readonly idleMs?: number
  /** Milliseconds in which a body must be complete. Default 60,000. */
  readonly bodyMs?: number
  /** Connections of all clients; further ones are closed. Default 1024. */
  readonly maxConnections?: number
  /** Connections of one client, by its address. Default 256. */
  readonly maxConnectionsPerClient?: number
  /** Milliseconds in which a client must finish the TLS handshake, and later the head of a request. Default 10,000. */
  readonly headMs?: number
  /** Milliseconds that a connection may be silent between two requests. Default 5000. */
  readonly keepMs?: number
  /** Milliseconds in which a client must have taken an answer. Default 10,000. */
  readonly answerMs?: number
  /** Gets the errors that requests make a service throw, as lines for the log: at most one a minute for each place in the code. */
  readonly onFault?: (text: string) => void
  /** How long a stopping server waits for requests that have begun. Default 5000 ms. */
  readonly graceMs?: number
}

/** As Node's servers take it. @throws when a file cannot be read */
export function tlsOptions(tls: NonNullable<ReceiverOptions['tls']>): TlsOptions {
  if (typeof tls === 'string') {
    const pem = readFileSync(tls)
    return { cert: pem, key: pem }
  }
  return {
    cert: tls.cert,
    key: tls.key ?? tls.cert,
    ...(tls.ca && { ca: tls.ca, requestCert: true, rejectUnauthorized: true }),
  }
}
