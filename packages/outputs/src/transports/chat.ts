/** Chat services that take one JSON message at a secret URL. Each is a row: where its URLs come from, and what a message looks like. */
import { type Json, type Priority, printJson } from '@falc/engine'
import type { Failure } from '../model/answer.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type OptionTable,
  type TransportDefinition,
} from '../model/transport.ts'
import { HTTP_OPTIONS, type HttpAnswer, HttpClient, httpUrl, isFailure, isJson } from '../net/http-client.ts'
import { fieldText, fieldTexts } from '../text/alert-fields.ts'
import { Limits } from '../text/limits.ts'
import { SEVERITY } from '../text/severity.ts'

const CHAT_OPTIONS = {
  url: { kind: 'url', required: true, secret: true, doc: 'The webhook’s URL, as the service shows it.' },
  fields: { kind: 'boolean', default: true, doc: 'Show the output fields below the text.' },
  ...HTTP_OPTIONS,
} as const satisfies OptionTable

/** One alert, ready to be put into a message: everything in it may be chosen by an attacker, except the priority. */
export interface Post {
  readonly id: string
  readonly priority: Priority
  /** `Critical: Terminal shell in container`. */
  readonly title: string
  /** The output's template, or the alert's output. */
  readonly text: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** ID, host, source and tags. */
  readonly footer: string
  /** As `#e20b0b`. */
  readonly colour: string
}

interface Chat<T extends OptionTable> {
  readonly type: string
  readonly title: string
  readonly doc: string
  /** Options besides those of every chat. */
  readonly options: T
  /** The JSON that is sent. */
  message(post: Post, limits: Limits, options: OptionsOf<T>): Json
  /** Whether an answer of success is one of the service. */
  accepts(answer: Pick<HttpAnswer, 'status' | 'body'>): boolean
  /** Checks an answer with a success status for errors in its body. */
  read?(answer: HttpAnswer): Failure | undefined
}

/** One message per alert, in order. */
export function defineChat<const T extends OptionTable>(chat: Chat<T>): TransportDefinition<typeof CHAT_OPTIONS & T> {
  const output = `${chat.type} output`
  return defineTransport({
    type: chat.type,
    title: chat.title,
    doc: `${chat.doc}\n\nTexts that exceed the service's limits are truncated and end with the number of characters left out; this is logged once.`,
    options: { ...CHAT_OPTIONS, ...chat.options },
    batch: { items: 1 },
    ordered: 'all',
    async open(values, { hostname, note }) {
      const options = values as OptionsOf<typeof CHAT_OPTIONS> & OptionsOf<T>
      const url = httpUrl(options.url, output)
      const client = HttpClient.of(options, { output })
      const limits = new Limits(text => note(`${output}: ${text}`))
      return {
        async send(items, signal) {
          for (const [delivered, item] of items.entries()) {
            const message = chat.message(postOf(item, hostname, options.fields), limits, options)
            const headers = { 'content-type': 'application/json' }
            const answer = await client.request(
              { url, headers, body: printJson(message), accepts: chat.accepts },
              signal,
            )
            const failure = isFailure(answer) ? answer : (answer.failure ?? chat.read?.(answer))
            if (failure) return { delivered, failure }
          }
          return { delivered: items.length }
        },
        close: async () => client.close(),
      }
    },
  })
}

/** Control characters except tabs and line ends, and those that turn the direction of writing. */
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

function postOf({ id, alert, text }: Item, own: string, fields: boolean): Post {
  const { rule, priority, source, tags, hostname = own } = alert
  return {
    id,
    priority,
    title: fieldText(`${priority}: ${rule}`),
    text: text.toWellFormed().replace(UNPRINTABLE, '\ufffd'),
    fields: fields ? fieldTexts(alert) : [],
    footer: fieldText([id, hostname, source, ...tags].join(' · ')),
    colour: `#${SEVERITY[priority].colour.toString(16).padStart(6, '0')}`,
  }
}

/** Slack's control sequences are `<…>`: mentions, links, `<!channel>`. */
const slackText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const plain = (text: string): Json => ({ type: 'plain_text', text: text || ' ', emoji: false })

export const slack = defineChat({
  type: 'slack',
  title: 'Slack',
  doc: `One message per alert: an attachment in the colour of the priority with the rule, the text, up to 50 output fields, and ID, host,
source and tags. All of it is plain text: a mention or link in a command line stays text.

400 drops the alert. After 403, 404 and 410 (\`no_service\`, \`channel_is_archived\`), alerts stay queued until the URL is fixed. 429 is
honoured: Slack accepts one message per second and webhook.`,
  options: {
    channel: {
      kind: 'text',
      doc: 'Channel, instead of the webhook’s, where it allows that.',
      example: '#security',
    },
    username: { kind: 'text', doc: 'Name, instead of the webhook’s, where it allows that.' },
  },
  accepts: ({ body }) => body.trim() === 'ok',
  message({ title, text, fields, footer, colour }, limits, { channel, username }) {
    const cut = (value: string, limit: number, what: string) => limits.escaped(value, limit, what, slackText)
    const shown = limits
      .first(fields, 50, 'fields')
      .map(([name, value]) => plain(cut(`${name}: ${value}`, 2000, 'fields')))
    const sections = []
    for (let at = 0; at < shown.length; at += 10) sections.push({ type: 'section', fields: shown.slice(at, at + 10) })
    const blocks = [
      { type: 'header', text: plain(cut(title, 150, 'rules')) },
      { type: 'section', text: plain(cut(text, 3000, 'texts')) },
      ...sections,
      { type: 'context', elements: [plain(cut(footer, 2000, 'footers'))] },
    ]
    return {
      text: cut(title, 3000, 'rules'),
      mrkdwn: false,
      unfurl_links: false,
      unfurl_media: false,
      attachments: [{ color: colour, fallback: cut(title, 3000, 'rules'), blocks }],
      ...(channel !== undefined && { channel }),
      ...(username !== undefined && { username }),
    }
  },
})

/** In a block of code, Markdown knows neither mentions nor links nor images. The fence is longer than any in the text. */
function codeBlock(text: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1))
  return `${fence}\n${text}\n${fence}`
}

function code(text: string): string {
  const fence = '`'.repeat(longestRun(text) + 1)
  const pad = /^`|`$|^\s*$/.test(text) ? ' ' : ''
  return `${fence}${pad}${text}${pad}${fence}`
}

const longestRun = (text: string) => (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0)

/** The attachments that Mattermost and Rocket.Chat have taken over from Slack, with Markdown in them. */
function attachments(post: Post, limits: Limits): Json {
  const { title, text, fields, footer, colour } = post
  return [
    {
      color: colour,
      fallback: code(limits.cut(title, 300, 'rules')),
      title: code(limits.cut(title, 300, 'rules')),
      text: limits.escaped(text, 4000, 'texts', codeBlock),
      fields: limits.first(fields, 50, 'fields').map(([name, value]) => ({
        title: limits.escaped(name, 200, 'fields', code),
        value: limits.escaped(value, 1000, 'fields', code),
        short: value.length <= 40,
      })),
      footer: limits.cut(footer, 300, 'footers'),
    },
  ]
}

export const mattermost = defineChat({
  type: 'mattermost',
  title: 'Mattermost',
  doc: `One message per alert, an attachment in the colour of the priority. Text and fields are shown as code, in which mentions, links and images
have no effect.`,
  options: {
    channel: { kind: 'text', doc: 'Channel, instead of the webhook’s, where the server allows that.' },
    username: { kind: 'text', doc: 'Name, instead of the webhook’s, where the server allows that.' },
  },
  accepts: ({ body }) => body.trim() === 'ok',
  message: (post, limits, { channel, username }) => ({
    attachments: attachments(post, limits),
    ...(channel !== undefined && { channel }),
    ...(username !== undefined && { username }),
  }),
})

export const rocketchat = defineChat({
  type: 'rocketchat',
  title: 'Rocket.Chat',
  doc: 'One message per alert, as for Mattermost.',
  options: {
    channel: { kind: 'text', doc: 'Channel, instead of the integration’s.' },
    username: { kind: 'text', doc: 'The name shown as the sender of messages.' },
  },
  accepts: isJson,
  message: (post, limits, { channel, username }) => ({
    attachments: attachments(post, limits),
    ...(channel !== undefined && { channel }),
    ...(username !== undefined && { alias: username }),
  }),
})

/** Cards of Google Chat know some HTML. */
const htmlText = (text: string) =>
  text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`).replaceAll('\n', '<br>')

export const googlechat = defineChat({
  type: 'googlechat',
  title: 'Google Chat',
  doc: 'One card per alert with the rule, the text, up to 30 output fields, and ID, host, source and tags.',
  options: {},
  accepts: isJson,
  message({ id, title, text, fields, footer }, limits) {
    const cut = (value: string, limit: number, what: string) => limits.escaped(value, limit, what, htmlText)
    const widgets = limits.first(fields, 30, 'fields').map(([name, value]) => ({
      decoratedText: { topLabel: limits.cut(name, 100, 'fields'), text: cut(value, 500, 'fields'), wrapText: true },
    }))
    const header = { title: limits.cut(title, 200, 'rules'), subtitle: limits.cut(footer, 200, 'footers') }
    const sections = [{ widgets: [{ textParagraph: { text: cut(text, 4000, 'texts') } }, ...widgets] }]
    return { cardsV2: [{ cardId: id, card: { header, sections } }] }
  },
})
