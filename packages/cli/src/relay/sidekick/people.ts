import {
  better,
  COMMON_KEYS,
  HTTP,
  list,
  none,
  ONE_CONNECTION,
  pairs,
  type SidekickKey,
  type SidekickOutput,
  type SidekickValue,
  same,
  url,
  withScheme,
  yes,
} from './key.ts'

const FOOTER = none('The footer shows ID, host, source and tags.')
const ICON = none('The service shows the picture of its webhook.')

const CHAT: Readonly<Record<string, SidekickKey>> = {
  ...HTTP,
  webhookurl: same('url'),
  username: same('username'),
  footer: FOOTER,
  icon: ICON,
  outputformat: better(
    'fields',
    '`text` hides the output fields. `fields` shows the text, too: an alert without it is hard to read.',
    value => ({ fields: value !== 'text' }),
  ),
  messageformat: same('template', undefined, 'It replaces the text of the message.'),
}

const { username: _, ...NAMELESS_CHAT } = CHAT

/** Texts for options that are templates, in which `%` begins a field. */
function fixedTexts(value: SidekickValue): Record<string, string> {
  return Object.fromEntries(Object.entries(pairs(value)).map(([name, text]) => [name, text.replaceAll('%', '')]))
}

/** Chats, on-call services and mail. */
export const PEOPLE: readonly SidekickOutput[] = [
  {
    section: 'slack',
    main: ['webhookurl'],
    type: 'slack',
    keys: { ...CHAT, channel: same('channel') },
    defaults: () => ({ username: 'Falcosidekick' }),
  },
  { section: 'rocketchat', main: ['webhookurl'], type: 'rocketchat', keys: CHAT },
  { section: 'mattermost', main: ['webhookurl'], type: 'mattermost', keys: CHAT },
  { section: 'googlechat', main: ['webhookurl'], type: 'googlechat', keys: NAMELESS_CHAT },
  {
    section: 'teams',
    main: ['webhookurl'],
    type: 'teams',
    keys: { ...NAMELESS_CHAT, activityimage: ICON },
    note: 'Adaptive Cards: the connectors for falcosidekick’s MessageCards were retired.',
  },
  {
    section: 'discord',
    main: ['webhookurl'],
    type: 'discord',
    keys: { ...HTTP, webhookurl: same('url'), icon: same('avatar_url') },
    note: 'At most 25 fields are sent, which is Discord’s limit.',
  },
  {
    section: 'pagerduty',
    main: ['routingkey'],
    type: 'pagerduty',
    keys: {
      ...HTTP,
      routingkey: same('routing_key'),
      region: same('url', value => (value === 'eu' ? { url: 'https://events.eu.pagerduty.com' } : {})),
    },
    note: 'Severity follows the priority, and a `dedup_key` groups the alerts of a rule and container in one incident.',
  },
  {
    section: 'opsgenie',
    main: ['apikey'],
    type: 'opsgenie',
    keys: {
      ...HTTP,
      apikey: same('api_key'),
      region: same('url', value => (value === 'eu' ? { url: 'https://api.eu.opsgenie.com' } : {})),
    },
  },
  {
    section: 'alertmanager',
    main: ['hostport'],
    type: 'alertmanager',
    keys: {
      ...HTTP,
      hostport: same('url', value => ({ url: list(value).map(one => withScheme(one, 'http')) })),
      endpoint: better('', 'Always `/api/v2/alerts`: Alertmanager 0.27 removed v1, the old default.', () => ({})),
      expiresafter: same('expires_after', value => (Number(value) > 0 ? { expires_after: `${value}s` } : {})),
      extralabels: same('labels', value => ({ labels: fixedTexts(value) })),
      extraannotations: same('annotations', value => ({ annotations: fixedTexts(value) })),
      customseveritymap: none('The label `severity` follows the priority, as falcosidekick’s does by default.'),
      dropeventdefaultpriority: none('falc raises its own alerts about losses.'),
      dropeventthresholds: none('falc raises its own alerts about losses.'),
      customheaders: none('Use `username`, `password` or `token` of an output under `outputs`.'),
      maxconcurrentrequests: ONE_CONNECTION,
    },
    note: 'There are few labels, so that repeated alerts are one alert.',
  },
  {
    section: 'smtp',
    main: ['hostport', 'from', 'to'],
    type: 'smtp',
    keys: {
      ...COMMON_KEYS,
      hostport: same('url', url('smtp')),
      tls: same('starttls', value => ({ starttls: yes(value) ? 'required' : 'never' })),
      from: same('from'),
      to: same('to', value => ({ to: list(value) })),
      authmechanism: better('auth', 'What the server offers, unless it is `plain`.', value => ({
        auth: value === 'plain' ? 'PLAIN' : 'auto',
      })),
      user: same('username'),
      password: same('password'),
      token: none('OAuth is not supported.'),
      identity: none('The identity is always the user name.'),
      trace: none('Without `user`, the log-in is anonymous.'),
      outputformat: better('', 'Mails have a text and an HTML part.', () => ({})),
    },
    note: 'One mail may contain several alerts.',
  },
]
