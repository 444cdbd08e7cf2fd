import { createSecureContext } from 'node:tls'
import { outputError } from '../model/output.ts'
import type { OptionsOf, OptionTable } from '../model/transport.ts'
import { readFile } from './read-file.ts'

/** The options of every transport that can use TLS. */
export const TLS_OPTIONS = {
  tls_ca: {
    kind: 'path',
    reads: true,
    doc: 'PEM file of the certificate authorities to trust instead of the system’s.',
    example: '/etc/falc/ca.pem',
  },
  tls_cert: { kind: 'path', reads: true, doc: 'PEM file of the client certificate, for mutual TLS.' },
  tls_key: { kind: 'path', reads: true, doc: 'PEM file of the key of `tls_cert`.' },
  tls_insecure: { kind: 'boolean', default: false, doc: 'Accepts any certificate of the server. For tests only.' },
} as const satisfies OptionTable

/** Codes of errors of a handshake or a certificate, the server's or ours: waiting does not cure them. */
export const TLS_ERRORS: RegExp = /CERT|SELF_SIGNED|^UNABLE_TO_|^ERR_(TLS|SSL)_|^HOSTNAME_MISMATCH$/

/** The options of `node:tls` for a connection. */
export interface TlsMaterial {
  readonly ca?: Buffer | readonly Buffer[]
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly rejectUnauthorized: boolean
}

/**
 * Reads the files that the options name. A malformed certificate, and a key that is not its own, are found here.
 * @param output the output's name in messages
 * @throws {OutputError}
 */
export function readTls(options: Partial<OptionsOf<typeof TLS_OPTIONS>>, output: string): TlsMaterial {
  const { tls_ca, tls_cert, tls_key, tls_insecure = false } = options
  const rejectUnauthorized = !tls_insecure
  // A context without files checks nothing, and would read all of the system's authorities.
  if (tls_ca === undefined && tls_cert === undefined && tls_key === undefined) return { rejectUnauthorized }
  try {
    const read = {
      ...(tls_ca !== undefined && { ca: readFile(tls_ca) }),
      ...readPair(tls_cert, tls_key),
    }
    createSecureContext(read)
    return { ...read, rejectUnauthorized }
  } catch (error) {
    throw outputError(error, output, 'misconfigured')
  }
}

/**
 * Reads a certificate and its key.
 * @throws {Error} that names the file which is missing or malformed, and both when they do not belong together
 */
export function readPair(cert?: string, key?: string): Pick<TlsMaterial, 'cert' | 'key'> {
  const pair = {
    ...(cert !== undefined && { cert: readFile(cert) }),
    ...(key !== undefined && { key: readFile(key) }),
  }
  for (const [name, path] of Object.entries({ cert, key }))
    if (path !== undefined) naming(path, () => createSecureContext({ [name]: pair[name as 'cert' | 'key'] }))
  naming([cert, key].filter(Boolean).join(' and '), () => createSecureContext(pair))
  return pair
}

function naming(what: string, check: () => void): void {
  try {
    check()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw Object.assign(new Error(`${what}: ${message}`), { code })
  }
}
