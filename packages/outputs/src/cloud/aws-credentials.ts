/** Credentials and signatures of AWS: Signature Version 4 by aws4fetch, keys from the same chain of providers as Amazon's own clients. */
import { AwsV4Signer } from 'aws4fetch'
import type { Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import type { OptionsOf, OptionTable } from '../model/transport.ts'
import { HTTP_OPTIONS, type HttpAnswer, HttpClient, type HttpRequest, httpUrl, isFailure } from '../net/http-client.ts'
import { readFile } from '../net/read-file.ts'

export const AWS_OPTIONS = {
  region: { kind: 'text', doc: 'Region. Default: `AWS_REGION`.', example: 'eu-west-1' },
  access_key_id: {
    kind: 'text',
    doc: 'Access key. Default: the environment’s, then the role of the pod (IRSA, Pod Identity), the task or the instance.',
  },
  secret_access_key: { kind: 'secret', doc: 'Secret of `access_key_id`.' },
  session_token: { kind: 'secret', doc: 'Session token of temporary credentials.' },
  role_arn: {
    kind: 'text',
    doc: 'Role to assume with these credentials.',
    example: 'arn:aws:iam::123456789012:role/falc',
  },
  external_id: { kind: 'secret', doc: 'External ID that the role requires.' },
  endpoint: { kind: 'url', doc: 'Address of the service, if not Amazon’s public endpoint of the region.' },
  ...HTTP_OPTIONS,
} as const satisfies OptionTable

export type AwsOptions = OptionsOf<typeof AWS_OPTIONS>

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** Milliseconds since 1970; undefined: they do not end. */
  readonly expires?: number | undefined
}

/** Milliseconds before their end that keys are replaced. */
const EARLY = 5 * 60_000

/** Bytes of an answer: one of Kinesis has a result for each of 500 records, and a sentence for each that it refuses. */
const MAX_ANSWER = 1 << 20

/** Seconds that the keys of a role hold. */
const ROLE_SECONDS = 3600

/** Sends signed requests. */
export class AwsClient {
  readonly region: string
  readonly #options: AwsOptions
  readonly #output: string
  readonly #client: HttpClient
  /** Metadata services are on the machine: no proxy leads to them. */
  readonly #local: HttpClient
  #keys: Keys | undefined

  /** @param sockets requests at the same time @throws {OutputError} */
  constructor(options: AwsOptions, output: string, sockets = 1) {
    const region = options.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION
    if (!region) throw new OutputError('region', `${output}: needs a region`, 'misconfigured')
    if ((options.access_key_id === undefined) !== (options.secret_access_key === undefined))
      throw new OutputError(
        'access_key_id',
        `${output}: access_key_id and secret_access_key go together`,
        'misconfigured',
      )
    const { secret_access_key, session_token, external_id } = options
    this.region = region
    this.#options = options
    this.#output = output
    const secrets = [secret_access_key, session_token, external_id]
    this.#client = HttpClient.of(options, { output, sockets, secrets, maxAnswer: MAX_ANSWER })
    this.#local = new HttpClient({ output, proxy: null })
  }

  /** The address of a service. @param name its part of the host name */
  endpoint(name: string): URL {
    const { endpoint } = this.#options
    if (endpoint !== undefined) return httpUrl(endpoint, this.#output, 'endpoint')
    return new URL(publicUrl(name, this.region))
  }

  /** Signs for a service and sends. */
  async request(service: string, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | Failure> {
    const keys = await this.#current(signal)
    if ('class' in keys) return keys
    return this.#client.request(await this.#sign(service, request, keys), signal)
  }

  /** The keys were refused: the next request asks for others. */
  forget(): void {
    this.#keys = undefined
  }

  /** @see HttpClient.excerpt */
  excerpt(text: string): string {
    return this.#client.excerpt(text)
  }

  close(): void {
    this.#client.close()
    this.#local.close()
  }

  async #sign(service: string, request: HttpRequest, keys: Keys): Promise<HttpRequest> {
    const { url, method = 'POST', headers = {}, body = '' } = request
    const signer = new AwsV4Signer({
      ...{ method, url: String(url), headers: { ...headers }, body: body as string, service, region: this.region },
      ...{ accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey },
      ...(keys.sessionToken !== undefined && { sessionToken: keys.sessionToken }),
    })
    const signed = await signer.sign()
    return { ...request, url: signed.url, method, headers: Object.fromEntries(signed.headers), body }
  }

  async #current(signal: AbortSignal): Promise<Keys | Failure> {
    const { expires } = this.#keys ?? {}
    if (this.#keys && (expires === undefined || Date.now() < expires - EARLY)) return this.#keys
    try {
      const keys = await this.#base(signal)
      this.#keys =
        this.#options.role_arn === undefined ? keys : await this.#assume(keys, this.#options.role_arn, signal)
      return this.#keys
    } catch (error) {
      if (error instanceof NoKeys) return error.failure
      const message = `${this.#output}: credentials: ${error instanceof Error ? error.message : error}`
      return { class: 'misconfigured', cause: 'no_credentials', message }
    }
  }

  /** The first that there is: options, environment, web identity, container, instance. @throws {NoKeys} */
  async #base(signal: AbortSignal): Promise<Keys> {
    const { access_key_id, secret_access_key, session_token } = this.#options
    if (access_key_id !== undefined)
      return { accessKeyId: access_key_id, secretAccessKey: secret_access_key!, sessionToken: session_token }
    const { env } = process
    if (env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY) {
      const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = env
      return { accessKeyId, secretAccessKey, sessionToken: AWS_SESSION_TOKEN || undefined }
    }
    if (env.AWS_WEB_IDENTITY_TOKEN_FILE && env.AWS_ROLE_ARN)
      return this.#webIdentity(env.AWS_WEB_IDENTITY_TOKEN_FILE, env.AWS_ROLE_ARN, signal)
    const container = containerUrl(env)
    if (container) return this.#container(container, signal)
    return this.#instance(signal)
  }

  /** IRSA: the pod's token is exchanged for the role's keys, unsigned. */
  async #webIdentity(file: string, role: string, signal: AbortSignal): Promise<Keys> {
    const token = readFile(file).toString('utf8').trim()
    const request = stsRequest(this.region, {
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: role,
      WebIdentityToken: token,
    })
    return stsKeys(await this.#client.request(request, signal))
  }

  async #assume(keys: Keys, role: string, signal: AbortSignal): Promise<Keys> {
    const { external_id } = this.#options
    const parameters = {
      Action: 'AssumeRole',
      RoleArn: role,
      ...(external_id !== undefined && { ExternalId: external_id }),
    }
    const request = await this.#sign('sts', stsRequest(this.region, parameters), keys)
    return stsKeys(await this.#client.request(request, signal))
  }

  /** Pod Identity and ECS. */
  async #container(url: URL, signal: AbortSignal): Promise<Keys> {
    const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: given } = process.env
    const token = file ? readFile(file).toString('utf8').trim() : given
    const headers: Record<string, string> = token ? { authorization: token } : {}
    return jsonKeys(await this.#local.request({ url, method: 'GET', headers }, signal))
  }

  /** The instance's role, by version 2 of its metadata service. */
  async #instance(signal: AbortSignal): Promise<Keys> {
    const base = process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254'
    // Where there is no such service, nothing answers at all.
    const soon = AbortSignal.any([signal, AbortSignal.timeout(2000)])
    const ask = async (method: string, path: string, headers: Record<string, string>) => {
      const answer = await this.#local.request({ url: new URL(`/latest/${path}`, base), method, headers }, soon)
      if (isFailure(answer)) throw new Error('none configured, and no metadata service answers')
      return answer
    }
    const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' }
    const token = { 'x-aws-ec2-metadata-token': bodyOf(await ask('PUT', 'api/token', ttl)) }
    const path = 'meta-data/iam/security-credentials/'
    const [role] = bodyOf(await ask('GET', path, token)).split('\n')
    return jsonKeys(await ask('GET', `${path}${encodeURIComponent(role!)}`, token))
  }
}

class NoKeys extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** @throws {NoKeys} when it is not one of success: 4xx is about the role, not about an alert */
function bodyOf(answer: HttpAnswer | Failure): string {
  if (isFailure(answer)) throw new NoKeys(answer)
  const { failure } = answer
  if (failure) throw new NoKeys({ ...failure, class: failure.class === 'poison' ? 'misconfigured' : failure.class })
  return answer.body
}

/** Keys are sent over TLS, or do not leave the machine. */
function containerUrl(env: NodeJS.ProcessEnv): URL | undefined {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = env
  if (relative) return new URL(relative, 'http://169.254.170.2')
  if (!full) return undefined
  const url = new URL(full)
  const local = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]|169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/.test(url.hostname)
  if (url.protocol === 'https:' || local) return url
  throw new Error('AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor of this machine')
}

/** Amazon's address of a service. China has a domain of its own. */
function publicUrl(service: string, region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`
}

function stsRequest(region: string, parameters: Readonly<Record<string, string>>): HttpRequest {
  const url = process.env.AWS_ENDPOINT_URL_STS ?? publicUrl('sts', region)
  const common = { Version: '2011-06-15', RoleSessionName: 'falc', DurationSeconds: String(ROLE_SECONDS) }
  const body = String(new URLSearchParams({ ...common, ...parameters }))
  return { url, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body }
}

function stsKeys(answer: HttpAnswer | Failure): Keys {
  const xml = bodyOf(answer)
  const one = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1]
  return keysOf(one('AccessKeyId'), one('SecretAccessKey'), one('SessionToken'), one('Expiration'))
}

function jsonKeys(answer: HttpAnswer | Failure): Keys {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(bodyOf(answer))
  return keysOf(AccessKeyId, SecretAccessKey, Token, Expiration)
}

function keysOf(accessKeyId?: string, secretAccessKey?: string, sessionToken?: string, expiration?: string): Keys {
  if (!accessKeyId || !secretAccessKey) throw new Error('the answer holds no keys')
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expires: expiration === undefined ? undefined : Date.parse(expiration),
  }
}
