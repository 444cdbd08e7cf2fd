import { type Json, printJson } from '@falc/engine'
import { type Failure, statusFailure } from '../model/answer.ts'
import type { HttpAnswer } from '../net/http-client.ts'
import { Limits } from '../text/limits.ts'
import { defineChat, type Post } from './chat.ts'

/** Bytes of a message that Teams takes: 28 kB. */
const MAX_BYTES = 28 * 1000

/** Characters of each text, tried one after the other until the card fits. */
const TEXT_LIMITS = [6000, 3000, 1500, 700, 300, 100, 30]

/** Fields of a card. */
const MAX_FIELDS = 40

export const teams = defineChat({
  type: 'teams',
  title: 'Microsoft Teams',
  doc: `One Adaptive Card 1.4 per alert, for the URL of a workflow ("Post to a channel when a webhook request is received"). Texts are runs of plain
text, in which Markdown has no effect; in a card above 28 kB, texts are shortened.

The retired connectors report failures with status 200; these are treated as failures.`,
  options: {},
  accepts: ({ status, body }) => status === 202 || /^1?$|HTTP error \d/.test(body.trim()),
  message(post, limits) {
    const fitting = TEXT_LIMITS.find(limit => Buffer.byteLength(printJson(card(post, limit))) <= MAX_BYTES)
    return card(post, fitting ?? TEXT_LIMITS.at(-1)!, limits)
  },
  read,
})

/** For cards that are only measured. */
const QUIET = new Limits(() => {})

/** @param limits writes what is cut to the log; absent: only to see whether it fits */
function card({ title, text, fields, footer, priority }: Post, limit: number, limits = QUIET): Json {
  const rows = limits.first(fields, MAX_FIELDS, 'fields').map(([name, value]) => ({
    ...paragraph(
      run(`${limits.cut(name, 100, 'field names')} `, { weight: 'Bolder' }),
      run(limits.cut(value, limit, 'fields')),
    ),
    spacing: 'None',
  }))
  const body = [
    paragraph(
      run(limits.cut(title, Math.min(limit, 300), 'rules'), {
        size: 'Large',
        weight: 'Bolder',
        color: COLOURS[priority],
      }),
    ),
    paragraph(run(limits.cut(text, limit, 'texts'))),
    ...rows,
    paragraph(run(limits.cut(footer, Math.min(limit, 500), 'footers'), { size: 'Small', isSubtle: true })),
  ]
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body,
  }
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] }
}

/** Cards have names for colours. */
const COLOURS: Readonly<Record<Post['priority'], string>> = {
  ...{ Emergency: 'Attention', Alert: 'Attention', Critical: 'Attention', Error: 'Attention' },
  ...{ Warning: 'Warning', Notice: 'Accent', Informational: 'Accent', Debug: 'Default' },
}

const run = (text: string, style: Record<string, Json> = {}) => ({ type: 'TextRun', text: text || ' ', ...style })
const paragraph = (...inlines: readonly Json[]) => ({ type: 'RichTextBlock', inlines })

/** `Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 …` */
function read({ body, server }: HttpAnswer): Failure | undefined {
  const [, status] = /HTTP error (\d{3})/.exec(body) ?? []
  return status === undefined ? undefined : statusFailure(Number(status), server)
}
