/** Access tokens of Google: from the key file of a service account, or from the metadata server of a machine in Google's cloud. */
import { createPrivateKey, createSign, type KeyObject } from 'node:crypto'
import type { Failure } from '../model/answer.ts'
import { OutputError, outputError } from '../model/output.ts'
import type { OptionTable } from '../model/transport.ts'
import { HTTP_OPTIONS, HttpClient, type HttpRequest, httpUrl, isFailure } from '../net/http-client.ts'
import { readFile } from '../net/read-file.ts'

export const GOOGLE_OPTIONS = {
  project: { kind: 'text', required: true, doc: 'Project.', example: 'my-project' },
  credentials: {
    kind: 'path',
    reads: true,
    doc: 'Key file of a service account. Default: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, or the account of the machine or pod.',
    example: '/etc/falc/google.json',
  },
  ...HTTP_OPTIONS,
} as const satisfies OptionTable

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'

/** Milliseconds before its end that a token is replaced. */
const EARLY = 60_000

interface Account {
  readonly email: string
  readonly key: KeyObject
  readonly keyId: string | undefined
  readonly tokenUri: URL
}

export class GoogleCredentials {
  readonly #output: string
  readonly #account: Account | undefined
  readonly #client: HttpClient
  #token = ''
  #expires = 0

  /**
   * @param path key file; undefined: the environment's
   * @param client of the output: also asks the token endpoint of a key file
   * @throws {OutputError} when the file cannot be used
   */
  constructor(path: string | undefined, client: HttpClient, output: string) {
    const file = path ?? process.env.GOOGLE_APPLICATION_CREDENTIALS
    this.#output = output
    this.#account = file === undefined ? undefined : readAccount(file, output)
    // The metadata server is on the machine: no proxy leads to it.
    this.#client = this.#account ? client : new HttpClient({ output, proxy: null })
  }

  /** The Authorization header of a request, or the reason for its absence. */
  async authorization(signal: AbortSignal): Promise<string | Failure> {
    if (Date.now() < this.#expires) return `Bearer ${this.#token}`
    const answer = await this.#client.request(this.#account ? grant(this.#account) : metadata(), signal)
    if (isFailure(answer)) return { ...answer, message: `${answer.message} (access token)` }
    if (answer.failure) {
      // 400 is about the key or the account, not about an alert.
      const { failure } = answer
      return { ...failure, class: failure.class === 'poison' ? 'misconfigured' : failure.class }
    }
    try {
      const { access_token, expires_in } = JSON.parse(answer.body)
      if (typeof access_token !== 'string' || !(expires_in > 0)) throw new Error('no token')
      this.#token = access_token
      this.#expires = Date.now() + expires_in * 1000 - EARLY
      return `Bearer ${access_token}`
    } catch {
      return { class: 'later', cause: 'bad_answer', message: `${this.#output}: ${answer.server} sent no access token` }
    }
  }

  /** The token was refused: the next request asks for another. */
  forget(): void {
    this.#expires = 0
  }

  close(): void {
    this.#client.close()
  }
}

function readAccount(path: string, output: string): Account {
  try {
    const file = JSON.parse(readFile(path).toString('utf8'))
    if (file.type !== 'service_account')
      throw new OutputError(
        'credentials',
        `${output}: ${path} is not the key file of a service account`,
        'misconfigured',
      )
    const { client_email, private_key, private_key_id, token_uri = 'https://oauth2.googleapis.com/token' } = file
    const key = createPrivateKey(private_key)
    return { email: client_email, key, keyId: private_key_id, tokenUri: httpUrl(token_uri, output, 'token_uri') }
  } catch (error) {
    if (error instanceof OutputError) throw error
    // Messages of parsers repeat what they could not read.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw outputError(error, output, 'misconfigured')
    throw new OutputError('credentials', `${output}: ${path} is not a key file`, 'misconfigured')
  }
}

/** RFC 7523: a signed statement of who asks, exchanged for a token. */
function grant({ email, key, keyId, tokenUri }: Account): HttpRequest {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = part({ alg: 'RS256', typ: 'JWT', kid: keyId })
  const claims = part({ iss: email, scope: SCOPE, aud: tokenUri.href, iat: now, exp: now + 3600 })
  const signature = createSign('RSA-SHA256').update(`${head}.${claims}`).sign(key, 'base64url')
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: `${head}.${claims}.${signature}`,
  })
  return { url: tokenUri, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: String(body) }
}

function metadata(): HttpRequest {
  const host = process.env.GCE_METADATA_HOST ?? '169.254.169.254'
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`
  return { url, method: 'GET', headers: { 'metadata-flavor': 'Google' } }
}
