/** What chat and on-call services require of a message, according to their documentation. */
import {
  any,
  flag,
  kindOf,
  list,
  map,
  matching,
  object,
  oneOf,
  refuse,
  type Service,
  text,
  variant,
  whole,
} from './stand-in.ts'

const SECRET = '/services/T0000/B0000/webhooksecret'

/** Footers begin with the alert's ID. */
const idOf = (footer: string) => footer.split(' · ')[0]!

/** Refuses anything but a POST of JSON to the secret path. */
function expectJson(request: Parameters<Service['take']>[0], path = SECRET): any {
  if (request.method !== 'POST') refuse(405, 'method_not_allowed')
  if (request.url.pathname !== path) refuse(404, 'no_service')
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) refuse(400, 'invalid_payload')
  return request.json()
}

const plainText = (max: number) => object({ type: oneOf('plain_text'), text: text(max), emoji: oneOf(false) })

const slackBlock = variant('type', {
  header: object({ type: any, text: plainText(150) }),
  section: object({ type: any, 'text?': plainText(3000), 'fields?': list(plainText(2000), 10, 1) }),
  context: object({ type: any, elements: list(plainText(3000), 10, 1) }),
})

const slackMessage = object({
  text: text(40_000),
  mrkdwn: flag,
  unfurl_links: flag,
  unfurl_media: flag,
  'channel?': text(),
  'username?': text(80),
  attachments: list(
    object({ color: matching(/^#[0-9a-f]{6}$/), fallback: text(), blocks: list(slackBlock, 50, 1) }),
    100,
    1,
  ),
})

const attachment = object({
  color: matching(/^#[0-9a-f]{6}$/),
  fallback: text(),
  title: text(),
  text: text(8000),
  fields: list(object({ title: text(), value: text(), short: flag })),
  footer: text(300),
})

/** The length of all texts of an embed: Discord limits their sum. */
function discordSize({ title, description, footer, fields }: any): number {
  const all = [title, description, footer.text, ...fields.flatMap(({ name, value }: any) => [name, value])]
  return all.reduce((sum, one: string) => sum + one.length, 0)
}

const discordMessage = object({
  embeds: list(
    object({
      title: text(256),
      description: text(4096),
      color: whole(0, 0xffffff),
      fields: list(object({ name: text(256), value: text(1024), inline: flag }), 25),
      footer: object({ text: text(2048) }),
    }),
    10,
    1,
  ),
  allowed_mentions: object({ parse: list(oneOf('users', 'roles', 'everyone')) }),
  'username?': text(80),
  'avatar_url?': matching(/^https?:/),
})

const run = object({
  type: oneOf('TextRun'),
  text: text(),
  'weight?': oneOf('Bolder'),
  'size?': oneOf('Large', 'Small'),
  'color?': oneOf('Attention', 'Warning', 'Accent', 'Default'),
  'isSubtle?': flag,
})

const teamsMessage = object({
  type: oneOf('message'),
  attachments: list(
    object({
      contentType: oneOf('application/vnd.microsoft.card.adaptive'),
      content: object({
        $schema: oneOf('http://adaptivecards.io/schemas/adaptive-card.json'),
        type: oneOf('AdaptiveCard'),
        version: oneOf('1.4'),
        msteams: object({ width: oneOf('Full') }),
        body: list(object({ type: oneOf('RichTextBlock'), inlines: list(run, 2, 1), 'spacing?': oneOf('None') })),
      }),
    }),
    1,
    1,
  ),
})

const googleMessage = object({
  cardsV2: list(
    object({
      cardId: text(),
      card: object({
        header: object({ title: text(), subtitle: text() }),
        sections: list(
          object({
            widgets: list(
              (value, path) =>
                value.textParagraph
                  ? object({ textParagraph: object({ text: text() }) })(value, path)
                  : object({ decoratedText: object({ topLabel: text(), text: text(), wrapText: flag }) })(value, path),
              100,
              1,
            ),
          }),
        ),
      }),
    }),
    1,
    1,
  ),
})

const ISO = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)

const pagerDutyEvent = object({
  routing_key: any,
  event_action: oneOf('trigger', 'acknowledge', 'resolve'),
  dedup_key: text(255),
  payload: object({
    summary: text(1024),
    source: text(),
    severity: oneOf('critical', 'error', 'warning', 'info'),
    timestamp: ISO,
    'component?': text(),
    'group?': text(),
    'class?': text(),
    custom_details: map(any),
  }),
})

const opsgenieAlert = object({
  message: text(130),
  alias: text(512),
  description: text(15_000, 0),
  tags: list(text(50), 20),
  details: map(text()),
  entity: text(512),
  source: text(100),
  priority: oneOf('P1', 'P2', 'P3', 'P4', 'P5'),
})

export const ROUTING_KEY = '0123456789abcdef0123456789abcdef'

export const CHAT_SERVICES = {
  slack: kindOf({
    type: 'slack',
    title: 'Slack',
    options: url => ({ url: url + SECRET }),
    take(request, received) {
      const message = expectJson(request)
      slackMessage(message)
      const { blocks } = message.attachments[0]
      received.push({ id: idOf(blocks.at(-1).elements[0].text) })
      return { status: 200, body: 'ok' }
    },
  }),
  mattermost: kindOf({
    type: 'mattermost',
    title: 'Mattermost',
    options: url => ({ url: url + SECRET }),
    take(request, received) {
      const message = expectJson(request)
      object({ attachments: list(attachment, 1, 1), 'channel?': text(), 'username?': text() })(message)
      received.push({ id: idOf(message.attachments[0].footer) })
      return { status: 200, body: 'ok' }
    },
  }),
  rocketchat: kindOf({
    type: 'rocketchat',
    title: 'Rocket.Chat',
    options: url => ({ url: url + SECRET }),
    take(request, received) {
      const message = expectJson(request)
      object({ attachments: list(attachment, 1, 1), 'channel?': text(), 'alias?': text() })(message)
      received.push({ id: idOf(message.attachments[0].footer) })
      return { status: 200, body: '{"success":true}' }
    },
  }),
  googlechat: kindOf({
    type: 'googlechat',
    title: 'Google Chat',
    options: url => ({ url: url + SECRET }),
    take(request, received) {
      if (request.body.length > 32_000) refuse(400, 'message too long')
      const message = expectJson(request)
      googleMessage(message)
      received.push({ id: message.cardsV2[0].cardId })
      return { status: 200, body: '{}' }
    },
  }),
  discord: kindOf({
    type: 'discord',
    title: 'Discord',
    options: url => ({ url: url + SECRET }),
    take(request, received) {
      const message = expectJson(request)
      discordMessage(message)
      if (message.embeds.reduce((sum: number, one: any) => sum + discordSize(one), 0) > 6000)
        refuse(400, '{"embeds":["Embed size exceeds maximum size of 6000"]}')
      for (const { footer } of message.embeds) received.push({ id: idOf(footer.text) })
      return { status: 204 }
    },
  }),
  teams: kindOf({
    type: 'teams',
    title: 'Microsoft Teams',
    options: url => ({ url: url + SECRET }),
    take(request, received) {
      if (request.body.length > 28_000) refuse(413, 'RequestEntityTooLarge')
      const message = expectJson(request)
      teamsMessage(message)
      received.push({ id: idOf(message.attachments[0].content.body.at(-1).inlines[0].text) })
      return { status: 202 }
    },
  }),
  pagerduty: kindOf({
    type: 'pagerduty',
    title: 'PagerDuty',
    options: url => ({ url, routing_key: ROUTING_KEY }),
    take(request, received) {
      if (request.body.length > 512_000) refuse(413, 'too large')
      const event = expectJson(request, '/v2/enqueue')
      pagerDutyEvent(event)
      if (event.routing_key !== ROUTING_KEY)
        refuse(
          400,
          '{"status":"invalid event","errors":["Length of \'routing_key\' is incorrect (should be 32 characters)"]}',
        )
      received.push({ id: event.payload.custom_details['alert.id'] })
      return { status: 202, body: JSON.stringify({ status: 'success', dedup_key: event.dedup_key }) }
    },
  }),
  opsgenie: kindOf({
    type: 'opsgenie',
    title: 'Opsgenie',
    options: url => ({ url, api_key: 'eb243592-faa2-4ba2' }),
    take(request, received) {
      if (request.headers.authorization !== 'GenieKey eb243592-faa2-4ba2')
        refuse(403, '{"message":"Could not authenticate"}')
      const alert = expectJson(request, '/v2/alerts')
      opsgenieAlert(alert)
      const size = Object.entries(alert.details).reduce(
        (sum, [name, value]) => sum + name.length + (value as string).length,
        0,
      )
      if (size > 8000) refuse(422, '{"message":"details too long"}')
      received.push({ id: alert.details['alert.id'] })
      return { status: 202, body: '{"result":"Request will be processed"}' }
    },
  }),
} as const
