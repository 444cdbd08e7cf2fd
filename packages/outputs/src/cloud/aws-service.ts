/** AWS services that accept batches of messages and answer for each message. */
import { type Json, printJson } from '@falc/engine'
import { type Answer, answerOf, type Failure, type FailureClass, statusFailure } from '../model/answer.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type OptionTable,
  type TransportContext,
  type TransportDefinition,
} from '../model/transport.ts'
import { type HttpAnswer, type HttpRequest, isFailure, isJson, strange } from '../net/http-client.ts'
import { Limits } from '../text/limits.ts'
import { AWS_OPTIONS, AwsClient, type AwsOptions } from './aws-credentials.ts'

/** The parameters of a request. */
interface Tools<T extends OptionTable> {
  readonly options: AwsOptions & OptionsOf<T>
  readonly limits: Limits
  readonly context: TransportContext
}

export interface AwsService<T extends OptionTable> {
  readonly type: string
  readonly title: string
  readonly doc: string
  readonly options: T
  readonly batch: { readonly items: number; readonly bytes: number }
  readonly ordered: 'all' | 'key' | false
  /** Its name in signatures, and in host names. */
  readonly service: string
  /** Prepares what makes requests from items. */
  open(tools: Tools<T>): (items: readonly Item[]) => Omit<HttpRequest, 'url'>
  /** Results of single items in an answer of success, by index; absent: all were taken. It may throw on what the service never says. */
  results?(body: string, items: readonly Item[]): readonly (Refusal | undefined)[]
  /** A request that may remedy an error of the whole request; undefined: none. */
  cure?(code: string, tools: Tools<T>): Omit<HttpRequest, 'url'> | undefined
}

/** Why an item was not taken. */
export interface Refusal {
  readonly code: string
  readonly message?: string | undefined
  readonly class?: FailureClass
}

/** Error codes that say more than their status, 400. */
const CODES: readonly (readonly [RegExp, FailureClass])[] = [
  [
    /Throttl|ProvisionedThroughput|LimitExceeded|RequestLimit|TooManyRequests|ServiceUnavailable|Internal|Timeout|ExpiredToken/i,
    'later',
  ],
  [
    /AccessDenied|Unauthorized|Authori[sz]ation|UnrecognizedClient|InvalidClientTokenId|Signature|MissingAuthentication/i,
    'misconfigured',
  ],
  [
    /DoesNotExist|NonExistent|NotFound|InvalidAddress|Disabled|OptInRequired|^KMS|^Kms|RequestExpired/i,
    'misconfigured',
  ],
]

const classOf = (code: string) => CODES.find(([pattern]) => pattern.test(code))?.[1]

export function defineAws<const T extends OptionTable>(
  service: AwsService<T>,
): TransportDefinition<typeof AWS_OPTIONS & T> {
  const output = `${service.type} output`
  return defineTransport({
    type: service.type,
    title: service.title,
    doc: `${service.doc}\n\nThrottling and 5xx are retried. If permissions are missing or the name is unknown, alerts stay queued.`,
    options: { ...AWS_OPTIONS, ...service.options },
    batch: service.batch,
    linger: 500,
    ordered: service.ordered,
    async open(values, context) {
      const options = values as AwsOptions & OptionsOf<T>
      const client = new AwsClient(options, output)
      const tools = { options, limits: new Limits(text => context.note(`${output}: ${text}`)), context }
      const requestOf = service.open(tools)
      const url = client.endpoint(service.service)
      const post = (request: Omit<HttpRequest, 'url'>, signal: AbortSignal) =>
        client.request(service.service, { ...request, url }, signal)

      return {
        async send(items, signal) {
          const request = requestOf(items)
          let answer = await post(request, signal)
          const cure = isFailure(answer) || !answer.failure ? undefined : service.cure?.(codeOf(answer), tools)
          if (cure) {
            await post(cure, signal)
            answer = await post(request, signal)
          }
          if (isFailure(answer)) return { delivered: 0, failure: answer }
          if (answer.failure) return { delivered: 0, failure: failureOfCode(answer, client) }
          try {
            return read(answer, service.results?.(answer.body, items) ?? [], items.length, client)
          } catch {
            return { delivered: 0, failure: strange(answer) }
          }
        },
        close: async () => client.close(),
      }
    },
  })
}

/** The error's code: `__type` in JSON, `<Code>` in XML. */
function codeOf({ body, headers }: HttpAnswer): string {
  const found = /"__type"\s*:\s*"(?:[^"]*#)?([^"]+)"/.exec(body) ?? /<Code>([^<]+)<\/Code>/.exec(body)
  return found?.[1] ?? String(headers['x-amzn-errortype'] ?? '').split(':')[0]!
}

function failureOfCode(answer: HttpAnswer, client: AwsClient): Failure {
  const code = codeOf(answer)
  if (/ExpiredToken|InvalidClientTokenId|UnrecognizedClient/.test(code)) client.forget()
  const kind = answer.status < 500 ? classOf(code) : undefined
  return { ...answer.failure!, ...(kind && { class: kind }) }
}

function read(answer: HttpAnswer, results: readonly (Refusal | undefined)[], count: number, client: AwsClient): Answer {
  return answerOf(
    Array.from({ length: count }, (_, i): Failure | undefined => {
      const refusal = results[i]
      if (!refusal) return undefined
      const code = String(refusal.code).slice(0, 64)
      const reason = client.excerpt(`${code}: ${refusal.message ?? ''}`)
      const failure = statusFailure(400, answer.server, undefined, reason)!
      return { ...failure, class: refusal.class ?? classOf(code) ?? 'poison', cause: code || 'refused' }
    }),
  )
}

export const jsonRequest = (version: string, target: string, body: Json): Omit<HttpRequest, 'url'> => ({
  headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
  body: printJson(body),
  accepts: answer => answer.body === '' || isJson(answer),
})
