/** Signing in with an identity provider: OpenID Connect's code flow with PKCE. What the protocol asks for, `openid-client` checks. */
import { randomBytes } from 'node:crypto'
import type { Configuration } from 'openid-client'
import { Refused } from '../failure.ts'
import { isLocal } from './site.ts'

export interface OidcOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Where the provider sends people back: the console's address for browsers, and /api/v1/oidc/callback. */
  readonly redirectUri: string
  /** Default: openid profile email groups. */
  readonly scope?: string | undefined
  /** The claim with somebody's groups. Default: groups. */
  readonly groupsClaim?: string | undefined
}

/** Who has signed in. */
export interface Person {
  readonly name: string
  readonly groups: readonly string[]
}

interface Pending {
  readonly verifier: string
  readonly nonce: string
  readonly until: number
}

const COOKIE = 'falc_oidc'
const PATH = '/api/v1/oidc'
const PENDING_MS = 600_000
/** People who are signing in; of more, those who began first begin again. */
const MAX_PENDING = 1000
/** Seconds for the provider to answer. */
const PATIENCE_S = 10

export class Provider {
  readonly #options: OidcOptions
  readonly #note: (text: string) => void
  readonly #pending = new Map<string, Pending>()
  #discovered: Promise<Configuration> | undefined

  /** @throws {Error} for an issuer that is asked without TLS, unless it is on this machine */
  constructor(options: OidcOptions, note: (text: string) => void) {
    const { protocol, hostname } = new URL(options.issuer)
    if (protocol !== 'https:' && !isLocal(hostname)) throw new Error(`the issuer ${options.issuer} is not https`)
    this.#options = options
    this.#note = note
  }

  /** Whether browsers reach the console by TLS. */
  get isSecure(): boolean {
    return this.#options.redirectUri.startsWith('https:')
  }

  get redirectUri(): string {
    return this.#options.redirectUri
  }

  /** @returns where to send a browser, and the value of Set-Cookie @throws {Refused} when the provider cannot be reached */
  async begin(): Promise<{ readonly location: string; readonly cookie: string }> {
    const client = await import('openid-client')
    const config = await this.#configuration()
    const { redirectUri: redirect_uri, scope = 'openid profile email groups' } = this.#options
    const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), random(), random()]
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size < MAX_PENDING) break
      this.#pending.delete(oldest)
    }
    this.#pending.set(state, { verifier, nonce, until: Date.now() + PENDING_MS })
    const code_challenge = await client.calculatePKCECodeChallenge(verifier)
    const asked = { redirect_uri, scope, state, nonce, code_challenge, code_challenge_method: 'S256' }
    const end = this.isSecure ? '; Secure' : ''
    // Lax: the provider's redirect comes from another site.
    const cookie = `${COOKIE}=${state}; HttpOnly; SameSite=Lax; Path=${PATH}; Max-Age=${PENDING_MS / 1000}${end}`
    return { location: client.buildAuthorizationUrl(config, asked).href, cookie }
  }

  /** @param search what the provider has added to the address @param cookie of the browser @throws {Refused} when nobody has signed in */
  async end(search: string, cookie = ''): Promise<Person> {
    const client = await import('openid-client')
    const state = new URLSearchParams(search).get('state') ?? ''
    const begun = new RegExp(`(?:^|; )${COOKIE}=([\\w-]{43})(?:;|$)`).exec(cookie)?.[1]
    const pending = this.#pending.get(state)
    // A code counts for the browser that has asked for it, and once.
    if (begun === undefined || begun !== state || !pending || pending.until < Date.now()) throw failed()
    this.#pending.delete(state)
    const config = await this.#configuration()
    const { verifier: pkceCodeVerifier, nonce: expectedNonce } = pending
    const checks = { pkceCodeVerifier, expectedNonce, expectedState: state, idTokenExpected: true }
    try {
      const url = new URL(`${this.#options.redirectUri}${search}`)
      const tokens = await client.authorizationCodeGrant(config, url, checks)
      return this.#personIn(tokens.claims() ?? {})
    } catch (error) {
      this.#note(`sign-in refused: ${oneLine((error as Error).message)}`)
      throw failed()
    }
  }

  #personIn(claims: Readonly<Record<string, unknown>>): Person {
    const { preferred_username, email, sub } = claims
    const name = [preferred_username, email, sub].find(one => typeof one === 'string' && one !== '')
    const groups = claims[this.#options.groupsClaim ?? 'groups']
    const list = Array.isArray(groups) ? groups : [groups]
    return { name: String(name), groups: list.filter(one => typeof one === 'string') }
  }

  /** What the provider says of itself; asked again after a failure. */
  async #configuration(): Promise<Configuration> {
    this.#discovered ??= this.#discover()
    try {
      return await this.#discovered
    } catch (error) {
      this.#discovered = undefined
      this.#note(`the identity provider cannot be used: ${oneLine((error as Error).message)}`)
      throw new Refused(502, 'provider', 'the identity provider cannot be reached', { 'retry-after': '5' })
    }
  }

  async #discover(): Promise<Configuration> {
    const client = await import('openid-client')
    const { issuer, clientId, clientSecret } = this.#options
    const plain = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
    return client.discovery(new URL(issuer), clientId, undefined, client.ClientSecretBasic(clientSecret), {
      // Signatures of ID tokens are checked, too, not only where they come from.
      execute: [...plain, client.enableNonRepudiationChecks],
      timeout: PATIENCE_S,
    })
  }
}

const random = () => randomBytes(32).toString('base64url')
const failed = () => new Refused(401, 'sign-in', 'signing in has failed: begin again')
const oneLine = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 300)
