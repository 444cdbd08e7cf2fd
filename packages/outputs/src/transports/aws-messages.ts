/** Amazon's queues and topics. */

import { defineAws, jsonRequest, type Refusal } from '../cloud/aws-service.ts'
import type { Item, OptionTable } from '../model/transport.ts'
import { fieldText } from '../text/alert-fields.ts'
import type { Limits } from '../text/limits.ts'

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
  doc: `One message per alert, with the ID, priority and rule as attributes. In a FIFO queue, the ID is also the deduplication ID: an alert that is
sent twice within five minutes arrives once. In an alert above 256 KiB, texts are shortened.`,
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
      return jsonRequest('1.0', 'AmazonSQS.SendMessageBatch', { QueueUrl: options.url, Entries })
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
  doc: `One message per alert, with the ID, priority and rule as attributes for filter policies. In a FIFO topic, the ID is also the deduplication
ID. In an alert above 256 KiB, texts are shortened.`,
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
    const results = new Array<Refusal | undefined>(count).fill({ code: 'unanswered', class: 'later' })
    const membersOf = (list: string) => inside(list, body).flatMap(text => inside('member', text))
    for (const member of membersOf('Successful')) results[Number(inside('Id', member)[0])] = undefined
    for (const member of membersOf('Failed')) {
      const one = (name: string) => inside(name, member)[0]
      const later = one('SenderFault') === 'false' && { class: 'later' as const }
      results[Number(one('Id'))] = { code: one('Code') ?? '', message: one('Message'), ...later }
    }
    return results
  },
})

/** The texts of the elements of a name, which are not nested. */
const inside = (name: string, xml: string) =>
  xml
    .split(`<${name}>`)
    .slice(1)
    .map(text => text.split(`</${name}>`, 1)[0]!)
