/** What messages to people look like, and that nothing in an alert can be more than text. */
import { PRIORITIES } from '@falc/engine'
import { expect, onTestFinished, test } from 'vitest'
import type { TransportDefinition } from '../../src/model/transport.ts'
import { googlechat, mattermost, slack } from '../../src/transports/chat.ts'
import { discord } from '../../src/transports/discord.ts'
import { opsgenie, pagerduty } from '../../src/transports/on-call.ts'
import { teams } from '../../src/transports/teams.ts'
import { CHAT_SERVICES } from './chat-services.ts'
import { hostile, LURES } from './hostile.ts'
import { alert, item, open, patient } from './items.ts'
import type { ServiceKind } from './stand-in.ts'

/** Sends alerts; returns the messages that arrive, and the log. */
async function exchange(
  kind: ServiceKind,
  transport: TransportDefinition<any>,
  items: readonly ReturnType<typeof item>[],
  options: Record<string, unknown> = {},
) {
  const service = await kind.start()
  onTestFinished(() => service.stop())
  const log: string[] = []
  const output = await open(transport, { ...service.options(), ...options }, { note: text => log.push(text) })
  for (const one of items) expect(await output.send([one], patient())).toEqual({ delivered: 1 })
  return { messages: service.requests.map(request => request.json()), log: [...new Set(log)] }
}

const lured = (lure: string) => ({ ...item(1, { output_fields: { 'proc.cmdline': lure } }), text: lure })

test('Slack: the layout of a message', async () => {
  const { messages, log } = await exchange(CHAT_SERVICES.slack, slack, [item(7)], { channel: '#security' })
  expect(log).toEqual([])
  expect(messages).toEqual([
    {
      text: 'Notice: Terminal shell in container',
      mrkdwn: false,
      unfurl_links: false,
      unfurl_media: false,
      channel: '#security',
      attachments: [
        {
          color: '#5bffb5',
          fallback: 'Notice: Terminal shell in container',
          blocks: [
            { type: 'header', text: plain('Notice: Terminal shell in container') },
            { type: 'section', text: plain('A shell was spawned 7') },
            { type: 'section', fields: [plain('proc.name: bash'), plain('container.id: abc'), plain('evt.num: 7')] },
            {
              type: 'context',
              elements: [plain('00000000000000000000000000000007 · node-1 · syscall · container · T1059')],
            },
          ],
        },
      ],
    },
  ])
})
const plain = (text: string) => ({ type: 'plain_text', text, emoji: false })

test.each(LURES)('values are shown as plain text: %s', async lure => {
  const slackText = await exchange(CHAT_SERVICES.slack, slack, [lured(lure)])
  expect(JSON.stringify(slackText.messages)).not.toMatch(/[<>]/)

  const discordMessages = (await exchange(CHAT_SERVICES.discord, discord, [lured(lure)])).messages
  expect(discordMessages[0].allowed_mentions).toEqual({ parse: [] })
  const { description } = discordMessages[0].embeds[0]
  // Apart from escaped characters, none is left that Markdown or mentions are made of.
  expect(description.replace(/\\[^A-Za-z0-9\s]/g, '')).not.toMatch(/[\\`*_[\]()<>|~@:#]/)

  const { text, fields } = (await exchange(CHAT_SERVICES.mattermost, mattermost, [lured(lure)])).messages[0]
    .attachments[0]
  const [, fence, inside] = /^(`{3,})\n([\s\S]*)\n\1$/.exec(text)!
  expect(inside).not.toContain(fence)
  const [, ticks, code] = /^(`+)([\s\S]*[^`])\1$/.exec(fields[0].value)!
  expect(code!.split(/[^`]+/)).not.toContain(ticks)
  expect(code).not.toContain('\n')

  const card = (await exchange(CHAT_SERVICES.teams, teams, [lured(lure)])).messages[0].attachments[0].content
  expect(new Set(card.body.map(({ type }: { type: string }) => type))).toEqual(new Set(['RichTextBlock']))

  const { cardsV2 } = (await exchange(CHAT_SERVICES.googlechat, googlechat, [lured(lure)])).messages[0]
  const paragraph = cardsV2[0].card.sections[0].widgets[0].textParagraph.text.replaceAll('<br>', '')
  expect(paragraph).not.toMatch(/[<>"']|&(?!#\d+;)/)
})

test.each([
  ['Slack', CHAT_SERVICES.slack, slack],
  ['Discord', CHAT_SERVICES.discord, discord],
  ['Teams', CHAT_SERVICES.teams, teams],
  ['PagerDuty', CHAT_SERVICES.pagerduty, pagerduty],
] as const)('%s: a text that is cut says how much is missing, and the log reports cuts', async (_, kind, transport) => {
  const { messages, log } = await exchange(kind, transport, [hostile(1), hostile(2)])
  expect(JSON.stringify(messages)).toMatch(/ … \\*\[?\d+ more/)
  expect(log.length).toBeGreaterThan(1)
  expect(log.length).toBeLessThan(10)
  for (const line of log)
    expect(line).toMatch(/^\w+ output: [\w ]+ (longer than \d+ characters are cut|after the first \d+ are left out)$/)
})

test('Discord: a custom text is shown, and fields can be left out', async () => {
  const quiet = { ...item(1), text: 'Somebody runs a shell' }
  const { messages } = await exchange(CHAT_SERVICES.discord, discord, [quiet], { fields: false })
  expect(messages[0].embeds[0]).toMatchObject({ description: 'Somebody runs a shell', fields: [], color: 0x5bffb5 })
})

test('Teams: a 200 response that reports an error counts as that error', async () => {
  const service = await CHAT_SERVICES.teams.start()
  onTestFinished(() => service.stop())
  const output = await open(teams, service.options())
  service.answer(
    200,
    {},
    'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId',
  )
  expect(await output.send([item(1)], patient())).toMatchObject({
    delivered: 0,
    failure: { class: 'later', cause: 'http_429' },
  })
})

test('PagerDuty and Opsgenie: priorities become severities', async () => {
  const items = PRIORITIES.map((priority, i) => item(i, { priority }))
  const { messages } = await exchange(CHAT_SERVICES.pagerduty, pagerduty, items)
  const severities = ['critical', 'critical', 'critical', 'error', 'warning', 'info', 'info', 'info']
  expect(messages.map(({ payload }) => payload.severity)).toEqual(severities)
  const alerts = (await exchange(CHAT_SERVICES.opsgenie, opsgenie, items)).messages
  expect(alerts.map(({ priority }) => priority)).toEqual(['P1', 'P1', 'P2', 'P3', 'P4', 'P5', 'P5', 'P5'])
})

test('PagerDuty: repeats of a rule in one container are one incident', async () => {
  const inContainer = { 'container.id': 'abc', 'k8s.ns.name': 'payments', 'proc.name': 'bash' }
  const items = [
    item(1, { output_fields: inContainer }),
    item(2, { output_fields: { 'container.id': 'host' } }),
    item(3, { output_fields: {}, rule: 'x'.repeat(300) }),
  ]
  const { messages } = await exchange(CHAT_SERVICES.pagerduty, pagerduty, items)
  expect(messages.map(({ dedup_key }) => dedup_key)).toEqual([
    'Terminal shell in container abc',
    'Terminal shell in container node-1',
    expect.stringMatching(/^[0-9a-f]{64}$/),
  ])
  expect(messages[0]).toMatchObject({
    event_action: 'trigger',
    payload: {
      ...{
        summary: 'A shell was spawned 1',
        source: 'node-1',
        class: alert(1).rule,
        component: 'bash',
        group: 'payments',
      },
      timestamp: '2023-11-14T22:13:20.123456790Z',
      custom_details: { 'alert.id': items[0]!.id, 'alert.tags': ['container', 'T1059'], 'container.id': 'abc' },
    },
  })
  const own = await exchange(CHAT_SERVICES.pagerduty, pagerduty, [items[0]!], { dedup_key: '%alert.rule %k8s.ns.name' })
  expect(own.messages[0].dedup_key).toBe('Terminal shell in container payments')
})

test('PagerDuty: with a wrong routing key, alerts wait', async () => {
  const service = await CHAT_SERVICES.pagerduty.start()
  onTestFinished(() => service.stop())
  const output = await open(pagerduty, { ...service.options(), routing_key: 'wrong-key' })
  expect(await output.send([item(1)], patient())).toMatchObject({
    items: [{ class: 'misconfigured', cause: 'http_400' }],
  })
})

test('a malformed URL is rejected without being shown', async () => {
  const url = 'hooks.slack.com/services/secret'
  await expect(open(slack, { url })).rejects.toThrow(/^slack output: url is not a URL$/)
})
