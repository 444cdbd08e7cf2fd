/** Sign-in with an identity provider: OpenID Connect's code flow with PKCE, checked by `openid-client`. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
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
  /** The claim with the user's groups. Default: groups. */
  readonly groupsClaim?: string | undefined
  /** Milliseconds that a session has the groups of its sign-in. Default: an hour; at most 12. */
  readonly session?: number | undefined
}

/** The user who has signed in. */
export interface Person {
  readonly name: string
  readonly groups: readonly string[]
}

/** A sign-in that has begun. The browser keeps it, sealed, so beginning many ends no one else's. */
interface Pending {
  readonly state: string
  readonly verifier: string
  readonly nonce: string
  readonly until: number
}

const COOKIE = 'falc_oidc'
const PATH = '/api/v1/oidc'
const PENDING_MS = 600_000
/** Answers that are known to have counted. Of earlier ones only the provider knows it, whose codes count once. */
const MAX_ENDED = 1000
/** Seconds for the provider to answer. */
const TIME_LIMIT_S = 10

export class Provider {
  readonly #options: OidcOptions
  readonly #note: (text: string) => void
  readonly #seal = new Seal()
  readonly #ended = new Set<string>()
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

  get session(): number {
    return this.#options.session ?? 3_600_000
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
    const code_challenge = await client.calculatePKCECodeChallenge(verifier)
    const asked = { redirect_uri, scope, state, nonce, code_challenge, code_challenge_method: 'S256' }
    const end = this.isSecure ? '; Secure' : ''
    // Lax: the provider's redirect comes from another site.
    const sealed = this.#seal.close({ state, verifier, nonce, until: Date.now() + PENDING_MS })
    const cookie = `${COOKIE}=${sealed}; HttpOnly; SameSite=Lax; Path=${PATH}; Max-Age=${PENDING_MS / 1000}${end}`
    return { location: client.buildAuthorizationUrl(config, asked).href, cookie }
  }

  /** @param search what the provider has added to the address @param cookie of the browser @throws {Refused} when no user has signed in */
  async end(search: string, cookie = ''): Promise<Person> {
    const client = await import('openid-client')
    const state = new URLSearchParams(search).get('state') ?? ''
    const pending = this.#seal.open(new RegExp(`(?:^|; )${COOKIE}=([\\w-]{1,1000})(?:;|$)`).exec(cookie)?.[1] ?? '')
    // A code counts for the browser that has asked for it, and once.
    if (pending?.state !== state || pending.until < Date.now() || this.#ended.has(state)) throw failed()
    this.#ended.add(state)
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MAX_ENDED) break
      this.#ended.delete(oldest)
    }
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

  /** The provider's metadata; requested again after a failure. */
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
      timeout: TIME_LIMIT_S,
    })
  }
}

/** Texts that only this process can make and read: AES-256-GCM, with a nonce of 12 bytes before and a tag of 16 bytes after. */
class Seal {
  readonly #key = randomBytes(32)

  close(pending: Pending): string {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    const text = [cipher.update(JSON.stringify(pending)), cipher.final()]
    return Buffer.concat([nonce, ...text, cipher.getAuthTag()]).toString('base64url')
  }

  /** @returns undefined for a text that this process has not made */
  open(sealed: string): Pending | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length <= 28) return undefined
    const cipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12), { authTagLength: 16 })
    cipher.setAuthTag(bytes.subarray(-16))
    try {
      return JSON.parse(Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]).toString())
    } catch {
      return undefined
    }
  }
}

const random = () => randomBytes(32).toString('base64url')
const failed = () => new Refused(401, 'sign-in', 'signing in has failed: begin again')
const oneLine = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 300)
