import type { OptionsOf, OptionTable } from '../model/transport.ts'
import { TLS_OPTIONS } from './tls.ts'

/** How to connect to NATS. */
export const NATS_CONNECTION = {
  url: {
    kind: 'list',
    required: true,
    doc: 'Addresses of the servers: `nats://HOST:PORT`, or `tls://HOST:PORT` to insist on TLS. One of them is used at a time.',
    example: 'nats://127.0.0.1:4222',
  },
  username: { kind: 'text', doc: 'User name.' },
  password: { kind: 'secret', doc: 'Password.' },
  token: { kind: 'secret', doc: 'Token, instead of user name and password.' },
  nkey: { kind: 'secret', doc: 'Seed of an nkey: `SU…`.' },
  creds: { kind: 'path', reads: true, doc: 'Credentials file with a JWT and its seed, as `nsc` writes it.' },
  ...TLS_OPTIONS,
} as const satisfies OptionTable

export type NatsLogin = Partial<OptionsOf<typeof NATS_CONNECTION>> & { readonly url: readonly string[] }
