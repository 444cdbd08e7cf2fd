/** Amazon's streams: Kinesis and CloudWatch Logs. */

import { defineAws, jsonRequest, type Refusal } from '../cloud/aws-service.ts'
import type { Item, TransportContext } from '../model/transport.ts'
import { bodyWithId, fieldText } from '../text/alert-fields.ts'

export const kinesis = defineAws({
  type: 'kinesis',
  title: 'Amazon Kinesis Data Streams',
  doc: 'One record per alert. A record whose shard is busy is retried; in an alert above 1 MiB, texts are shortened.',
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
      return jsonRequest('1.1', 'Kinesis_20131202.PutRecords', { StreamName: options.stream, Records })
    }
  },
  results(body, { length: count }) {
    const { Records } = JSON.parse(body) as { Records?: { ErrorCode?: string; ErrorMessage?: string }[] }
    if (Records?.length !== count) throw new TypeError('not a result per record')
    return Records.map(({ ErrorCode: code, ErrorMessage: message }) => (code ? { code, message } : undefined))
  },
})

export const cloudwatch = defineAws({
  type: 'cloudwatch',
  title: 'Amazon CloudWatch Logs',
  doc: `One log event per alert, at the alert's time. The log stream is created if it does not exist; the log group is not. Events that are too old,
or too far in the future, for the service are dropped.`,
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
      return jsonRequest('1.1', 'Logs_20140328.PutLogEvents', {
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
    return jsonRequest('1.1', 'Logs_20140328.CreateLogStream', streamOf(options, context))
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
