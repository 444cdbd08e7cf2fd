import {
  ENDPOINT,
  none,
  type Options,
  PART_OF_URL,
  type SidekickContext,
  type SidekickKey,
  type SidekickOutput,
  same,
} from './key.ts'

/** falcosidekick's functions are webhooks at an address that it puts together. */
function functionUrl(
  section: string,
  service: string,
  namespace: string,
  port: string,
  path: (c: SidekickContext) => string,
) {
  return (context: SidekickContext): Options => {
    const [host = service, space = namespace, at = port] = ['service', 'namespace', 'port'].map(
      (_, i) => context.text(`${section}.${['gatewayservice', 'gatewaynamespace', 'gatewayport'][i]}`) || undefined,
    )
    return { url: `http://${host}.${space}:${at}${path(context)}` }
  }
}

function basicAuth(section: string): NonNullable<SidekickKey['set']> {
  return (value, context) => {
    const credentials = Buffer.from(`${value}:${context.text(`${section}.password`)}`).toString('base64')
    return { headers: { Authorization: `Basic ${credentials}` } }
  }
}

/** Requests to a server of one’s own, or to a function. */
export const FUNCTIONS: readonly SidekickOutput[] = [
  {
    section: 'webhook',
    main: ['address'],
    type: 'webhook',
    keys: { ...ENDPOINT, address: same('url'), method: same('method') },
    note: '`Idempotency-Key` is the alert’s ID.',
  },
  {
    section: 'cloudevents',
    main: ['address'],
    type: 'cloudevents',
    keys: {
      ...ENDPOINT,
      address: same('url'),
      extensions: none('The extensions are those of the alert: priority, rule, eventsource, hostname.'),
    },
    defaults: () => ({ source: 'https://falco.org' }),
  },
  {
    section: 'openfaas',
    main: ['functionname'],
    type: 'webhook',
    keys: {
      ...ENDPOINT,
      ...{ functionname: PART_OF_URL, functionnamespace: PART_OF_URL, gatewayservice: PART_OF_URL },
      ...{ gatewaynamespace: PART_OF_URL, gatewayport: PART_OF_URL },
      kubeconfig: none('The gateway is reached by its name in the cluster.'),
    },
    defaults: functionUrl('openfaas', 'gateway', 'openfaas', '8080', context => {
      const namespace = context.text('openfaas.functionnamespace') || 'openfaas-fn'
      return `/function/${context.text('openfaas.functionname')}.${namespace}`
    }),
  },
  {
    section: 'tekton',
    main: ['eventlistener'],
    type: 'webhook',
    keys: { ...ENDPOINT, eventlistener: same('url') },
  },
  { section: 'talon', main: ['address'], type: 'webhook', keys: { ...ENDPOINT, address: same('url') } },
  {
    section: 'nodered',
    main: ['address'],
    type: 'webhook',
    keys: {
      ...ENDPOINT,
      address: same('url'),
      user: same('headers', basicAuth('nodered')),
      password: same('headers', () => ({})),
    },
  },
  {
    section: 'n8n',
    main: ['address'],
    type: 'webhook',
    keys: {
      ...ENDPOINT,
      address: same('url'),
      user: same('headers', basicAuth('n8n')),
      password: same('headers', () => ({})),
      headerauthname: same('headers', (value, context) => ({
        headers: { [String(value)]: context.text('n8n.headerauthvalue') },
      })),
      headerauthvalue: same('headers', () => ({})),
    },
  },
]
