/** Services of AWS that take batches of messages and answer for each of them. Each is a row. */
import { type Json, printJson } from '@falc/engine'
import { bodyWithId, fieldText } from '../alert-fields.ts'
import { type Answer, type Failure, type FailureClass, statusFailure } from '../answer.ts'
import { AWS_OPTIONS, AwsClient, type AwsOptions } from '../aws-credentials.ts'
import { answerOf, type HttpAnswer, type HttpRequest, isFailure, isJson } from '../http-client.ts'
import { Limits } from '../limits.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type OptionTable,
  type TransportContext,
  type TransportDefinition,
} from '../transport.ts'

/** What a request is made with. */
interface Tools<T extends OptionTable> {
  readonly options: AwsOptions & OptionsOf<T>
  readonly limits: Limits
  readonly context: TransportContext
}

interface Service<T extends OptionTable> {
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
  /** Results of single items in an answer of success, by index; absent: all were taken. */
  results?(body: string, items: readonly Item[]): readonly (Refusal | undefined)[]
  /** What an error of the whole request can be cured with; undefined: nothing. */
  cure?(code: string, tools: Tools<T>): Omit<HttpRequest, 'url'> | undefined
}

/** Why an item was not taken. */
interface Refusal {
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

function defineAws<const T extends OptionTable>(service: Service<T>): TransportDefinition<typeof AWS_OPTIONS & T> {
  const output = `${service.type} output`
  return defineTransport({
    type: service.type,
    title: service.title,
    doc: `${service.doc}\n\nThrottling and 5xx are tried again; missing permissions and unknown names let alerts wait.`,
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
          return read(answer, service.results?.(answer.body, items) ?? [], items.length, client)
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
      const reason = client.excerpt(`${refusal.code}: ${refusal.message ?? ''}`)
      const failure = statusFailure(400, answer.server, undefined, reason)!
      return { ...failure, class: refusal.class ?? classOf(refusal.code) ?? 'poison', cause: refusal.code || 'refused' }
    }),
  )
}

const json = (version: string, target: string, body: Json): Omit<HttpRequest, 'url'> => ({
  headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
  body: printJson(body),
  accepts: answer => answer.body === '' || isJson(answer),
})

/** SNS and SQS take what XML can hold. */
const xmlText = (text: string) =>
  text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')

/** Bytes of a message: 256 KiB with its attributes. */
const MAX_MESSAGE = 250 << 10

/** Attributes of a message: three, where raw delivery to SQS takes ten. */
function attributesOf({ id, alert }: Item, limits: Limits): [name: string, value: string][] {
  const rule = xmlText(limits.cut(fieldText(alert.rule), 256, 'rules'))
  return [['id', id], ['priority', alert.priority], ...(rule === '' ? [] : [['rule', rule] as [string, string]])]
}

/** Groups of FIFO queues and topics: letters, digits and punctuation, at most 128. */
const groupText = (text: string) => text.replace(/[^\u0021-\u007e]+/g, '_').slice(0, 128) || '_'

const GROUP = {
  group: {
    kind: 'template',
    default: 'falco',
    doc: 'Message group, for FIFO queues and topics: messages of a group arrive in order.',
    example: '%alert.hostname',
  },
} as const satisfies OptionTable

interface SqsAnswer {
  readonly Successful?: readonly { readonly Id: string }[]
  readonly Failed?: readonly { Id: string; Code: string; Message?: string; SenderFault?: boolean }[]
}

export const sqs = defineAws({
  type: 'sqs',
  title: 'Amazon SQS',
  doc: `One message per alert, with the ID, priority and rule as attributes. A FIFO queue gets the ID as deduplication ID: within five minutes, an alert that
is sent twice arrives once. An alert above 256 KiB gets shorter texts.`,
  service: 'sqs',
  options: {
    url: {
      kind: 'url',
      required: true,
      doc: 'URL of the queue.',
      example: 'https://sqs.eu-west-1.amazonaws.com/123456789012/falco',
    },
    ...GROUP,
  },
  batch: { items: 10, bytes: 240 << 10 },
  ordered: false,
  open({ options, limits, context }) {
    const fifo = options.url.endsWith('.fifo')
    const groupOf = context.template(options.group)
    return items => {
      const Entries = items.map((item, i) => ({
        Id: String(i),
        MessageBody: xmlText(limits.body(item, MAX_MESSAGE)),
        MessageAttributes: Object.fromEntries(
          attributesOf(item, limits).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
        ),
        ...(fifo && { MessageGroupId: groupText(groupOf(item.alert)), MessageDeduplicationId: item.id }),
      }))
      return json('1.0', 'AmazonSQS.SendMessageBatch', { QueueUrl: options.url, Entries })
    }
  },
  results(body, { length: count }) {
    const { Successful = [], Failed = [] } = JSON.parse(body) as SqsAnswer
    const results = new Array<Refusal | undefined>(count).fill({ code: 'unanswered', class: 'later' })
    for (const { Id } of Successful) results[Number(Id)] = undefined
    for (const { Id, Code, Message, SenderFault } of Failed)
      results[Number(Id)] = { code: Code, message: Message, ...(SenderFault === false && { class: 'later' as const }) }
    return results
  },
})

export const sns = defineAws({
  type: 'sns',
  title: 'Amazon SNS',
  doc: `One message per alert, with the ID, priority and rule as attributes for filter policies. A FIFO topic gets the ID as deduplication ID. An alert
above 256 KiB gets shorter texts.`,
  service: 'sns',
  options: {
    topic_arn: { kind: 'text', required: true, doc: 'Topic.', example: 'arn:aws:sns:eu-west-1:123456789012:falco' },
    ...GROUP,
  },
  batch: { items: 10, bytes: 240 << 10 },
  ordered: false,
  open({ options, limits, context }) {
    const fifo = options.topic_arn.endsWith('.fifo')
    const groupOf = context.template(options.group)
    return items => {
      const form = new URLSearchParams({ Action: 'PublishBatch', Version: '2010-03-31', TopicArn: options.topic_arn })
      for (const [i, item] of items.entries()) {
        const entry = `PublishBatchRequestEntries.member.${i + 1}`
        form.set(`${entry}.Id`, String(i))
        form.set(`${entry}.Message`, xmlText(limits.body(item, MAX_MESSAGE)))
        for (const [at, [name, value]] of attributesOf(item, limits).entries()) {
          const attribute = `${entry}.MessageAttributes.entry.${at + 1}`
          form.set(`${attribute}.Name`, name)
          form.set(`${attribute}.Value.DataType`, 'String')
          form.set(`${attribute}.Value.StringValue`, value)
        }
        if (fifo) {
          form.set(`${entry}.MessageGroupId`, groupText(groupOf(item.alert)))
          form.set(`${entry}.MessageDeduplicationId`, item.id)
        }
      }
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
      return { headers, body: String(form), accepts: ({ body }) => body.includes('<PublishBatchResponse') }
    }
  },
  results(body, { length: count }) {
    const results = new Array<Refusal | undefined>(count)
    const failed = /<Failed>([\s\S]*?)<\/Failed>/.exec(body)?.[1] ?? ''
    for (const [, member] of failed.matchAll(/<member>([\s\S]*?)<\/member>/g)) {
      const one = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(member!)?.[1]
      const later = one('SenderFault') === 'false' && { class: 'later' as const }
      results[Number(one('Id'))] = { code: one('Code') ?? '', message: one('Message'), ...later }
    }
    return results
  },
})

export const kinesis = defineAws({
  type: 'kinesis',
  title: 'Amazon Kinesis Data Streams',
  doc: 'One record per alert. A record that finds its shard busy is sent again; an alert above 1 MiB gets shorter texts.',
  service: 'kinesis',
  options: {
    stream: { kind: 'text', required: true, doc: 'Name of the stream.', example: 'falco' },
    partition_key: {
      kind: 'template',
      default: '%alert.hostname',
      doc: 'Records with the same key are in one shard.',
    },
  },
  batch: { items: 500, bytes: 3 << 20 },
  ordered: false,
  open({ options, limits, context }) {
    const keyOf = context.template(options.partition_key)
    return items => {
      const Records = items.map(item => ({
        Data: Buffer.from(limits.body({ contentType: item.contentType, body: bodyWithId(item) }, 1000 << 10)).toString(
          'base64',
        ),
        PartitionKey: limits.cut(fieldText(keyOf(item.alert)), 256, 'partition keys') || '-',
      }))
      return json('1.1', 'Kinesis_20131202.PutRecords', { StreamName: options.stream, Records })
    }
  },
  results(body) {
    const { Records = [] } = JSON.parse(body) as { Records?: { ErrorCode?: string; ErrorMessage?: string }[] }
    return Records.map(({ ErrorCode: code, ErrorMessage: message }) => (code ? { code, message } : undefined))
  },
})

export const cloudwatch = defineAws({
  type: 'cloudwatch',
  title: 'Amazon CloudWatch Logs',
  doc: `One log event per alert, at the alert's time. The stream is created if it does not exist, the group is not. Events that are too old or too far in the
future for the service are dropped.`,
  service: 'logs',
  options: {
    log_group: { kind: 'text', required: true, doc: 'Log group.', example: '/security/falco' },
    log_stream: { kind: 'text', doc: 'Log stream. Default: the host name.' },
  },
  batch: { items: 1000, bytes: 900 << 10 },
  ordered: 'all',
  open:
    ({ options, limits, context }) =>
    items => {
      const names = streamOf(options, context)
      return json('1.1', 'Logs_20140328.PutLogEvents', {
        ...names,
        logEvents: inOrder(items).map(({ item, timestamp }) => ({
          timestamp,
          message: limits.body({ contentType: item.contentType, body: bodyWithId(item) }, 250 << 10),
        })),
      })
    },
  results(body, items) {
    const { rejectedLogEventsInfo: info } = JSON.parse(body || '{}') as {
      rejectedLogEventsInfo?: Record<string, number>
    }
    const results = new Array<Refusal | undefined>(items.length)
    if (!info) return results
    const { tooOldLogEventEndIndex = 0, expiredLogEventEndIndex = 0, tooNewLogEventStartIndex = items.length } = info
    for (const [at, { index }] of inOrder(items).entries()) {
      if (at < Math.max(tooOldLogEventEndIndex, expiredLogEventEndIndex)) results[index] = { code: 'too_old' }
      if (at >= tooNewLogEventStartIndex) results[index] = { code: 'too_new' }
    }
    return results
  },
  cure(code, { options, context }) {
    if (code !== 'ResourceNotFoundException') return undefined
    return json('1.1', 'Logs_20140328.CreateLogStream', streamOf(options, context))
  },
})

const streamOf = (
  { log_group, log_stream }: { log_group: string; log_stream: string | undefined },
  { hostname }: TransportContext,
) => ({
  logGroupName: log_group,
  // Colons and asterisks are not allowed.
  logStreamName: (log_stream ?? hostname).replace(/[:*]/g, '_'),
})

/** By time, as the service demands. */
function inOrder(items: readonly Item[]): { item: Item; index: number; timestamp: number }[] {
  return items
    .map((item, index) => ({ item, index, timestamp: Number(item.alert.time / 1_000_000n) }))
    .sort((a, b) => a.timestamp - b.timestamp)
}
