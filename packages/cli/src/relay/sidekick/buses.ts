import {
  better,
  COMMON_KEYS,
  list,
  none,
  ONE_CONNECTION,
  PART_OF_URL,
  type SidekickContext,
  type SidekickKey,
  type SidekickOutput,
  same,
  TLS_KEYS,
  url,
  withScheme,
  yes,
} from './key.ts'

/** falcosidekick's tokens in a subject, in lower case as there. */
function subjectOf(template: string): string {
  return template.replaceAll('<priority>', '%tolower(alert.priority)').replaceAll('<rule>', '%tolower(alert.rule)')
}

/** falcosidekick encrypts with either key. */
function redisScheme(context: SidekickContext): string {
  return yes(context.text('redis.tls')) || yes(context.text('redis.mutualtls')) ? 'rediss' : 'redis'
}

/** A file that overrides the one for all outputs. */
const ifMutual =
  (option: string): SidekickKey['set'] =>
  (value, context) =>
    yes(context.text('redis.mutualtls')) ? { [option]: value } : {}

/** Message buses. */
export const BUSES: readonly SidekickOutput[] = [
  {
    section: 'nats',
    main: ['hostport'],
    type: 'nats',
    keys: {
      ...COMMON_KEYS,
      ...TLS_KEYS,
      hostport: same('url', value => ({ url: [withScheme(String(value), 'nats')] })),
      subjecttemplate: same('subject', value => ({ subject: subjectOf(String(value)) })),
      clusterid: none('Only for NATS Streaming, which is retired.'),
      clientid: none('Only for NATS Streaming, which is retired.'),
      maxconcurrentrequests: ONE_CONNECTION,
    },
    defaults: () => ({ subject: subjectOf('falco.<priority>.<rule>') }),
    note: 'One connection. To keep alerts while no subscriber is connected, configure an output with `stream`.',
  },
  {
    section: 'kafka',
    main: ['hostport', 'topic'],
    type: 'kafka',
    keys: {
      ...COMMON_KEYS,
      hostport: same('brokers', value => ({ brokers: list(value) })),
      topic: same('topic'),
      sasl: same('sasl', value => ({
        sasl:
          String(value)
            .toUpperCase()
            .replace(/^SCRAM_SHA/, 'SCRAM-SHA-')
            .replace('--', '-') || 'none',
      })),
      tls: same('tls', value => ({ tls: yes(value) })),
      username: same('username'),
      password: same('password'),
      clientid: same('client_id'),
      compression: same('compression', value => ({ compression: String(value).toLowerCase() })),
      topiccreation: same('create_topic', value => ({ create_topic: yes(value) })),
      async: none('Alerts always go in batches.'),
      requiredacks: better(
        'acks',
        '`all`, unless this is `ONE`. `NONE` would lose alerts whenever a leader changes.',
        value => ({
          acks: value === 'ONE' ? 'leader' : 'all',
        }),
      ),
      balancer: none('The key is the host name, so that the alerts of a host stay in order.'),
    },
    defaults: () => ({ create_topic: false }),
    note: 'Each alert is acknowledged.',
  },
  {
    section: 'redis',
    main: ['address'],
    type: 'redis',
    keys: {
      ...COMMON_KEYS,
      ...TLS_KEYS,
      address: same('url', (value, context) => ({ url: withScheme(String(value), redisScheme(context)) })),
      tls: PART_OF_URL,
      mutualtls: same('url tls_cert tls_key tls_ca', TLS_KEYS.mutualtls!.set),
      certfile: same('tls_cert', ifMutual('tls_cert')),
      keyfile: same('tls_key', ifMutual('tls_key')),
      cacertfile: same('tls_ca', ifMutual('tls_ca')),
      username: same('username'),
      password: same('password'),
      database: same('database'),
      storagetype: same('storage', value => ({ storage: value === 'hashmap' ? 'hash' : 'list' })),
      key: same('key'),
      maxconcurrentrequests: ONE_CONNECTION,
    },
    defaults: () => ({ storage: 'list', key: 'falco' }),
    note: 'Errors of the server are detected, and the alert is retried.',
  },
  {
    section: 'rabbitmq',
    main: ['url', 'queue'],
    type: 'rabbitmq',
    keys: { ...COMMON_KEYS, url: same('url'), queue: same('queue_name') },
    defaults: () => ({ exchange: '', declare: false }),
    note: 'With publisher confirms; a lost connection is reopened.',
  },
  {
    section: 'mqtt',
    main: ['broker'],
    type: 'mqtt',
    keys: {
      ...COMMON_KEYS,
      checkcert: TLS_KEYS.checkcert!,
      broker: same('url', url('mqtt')),
      topic: same('topic'),
      qos: better('qos', '2 becomes 1: receivers recognise an alert that comes twice by its ID.', value => ({
        qos: Math.min(1, Number(value)),
      })),
      retained: same('retain'),
      user: same('username'),
      password: same('password'),
    },
    defaults: () => ({ topic: 'falco/events', qos: 0 }),
    note: 'One connection. Set `qos: 1` for acknowledged delivery.',
  },
]
