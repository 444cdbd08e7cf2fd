import type { Verdict } from './key.ts'

/** An output of falcosidekick that falc does not have. */
export interface Unsupported {
  readonly section: string
  /** It would be on when these are not empty. */
  readonly main: readonly string[]
  readonly why: string
}

/** falcosidekick's outputs that falc does not have, and what to use. */
export const UNSUPPORTED: readonly Unsupported[] = [
  { section: 'stan', main: ['hostport'], why: 'NATS Streaming is retired; use `nats` with `stream`' },
  {
    section: 'datadog',
    main: ['apikey'],
    why: 'falc speaks OTLP: use `otlp` with an OpenTelemetry Collector or the Datadog Agent',
  },
  {
    section: 'datadoglogs',
    main: ['apikey'],
    why: 'falc speaks OTLP: use `otlp` with an OpenTelemetry Collector or the Datadog Agent',
  },
  { section: 'influxdb', main: ['hostport'], why: 'alerts are not measurements; Telegraf takes them from a `webhook`' },
  { section: 'webex', main: ['webhookurl'], why: 'no transport yet' },
  { section: 'cliq', main: ['webhookurl'], why: 'no transport yet' },
  { section: 'telegram', main: ['token', 'chatid'], why: 'no transport yet' },
  { section: 'gotify', main: ['hostport', 'token'], why: 'no transport yet' },
  { section: 'quickwit', main: ['hostport'], why: 'Quickwit takes OTLP: use `otlp`' },
  { section: 'openobserve', main: ['hostport'], why: 'OpenObserve takes OTLP: use `otlp`' },
  { section: 'zincsearch', main: ['hostport'], why: 'ZincSearch is retired; OpenObserve takes OTLP: use `otlp`' },
  { section: 'dynatrace', main: ['apitoken', 'apiurl'], why: 'Dynatrace takes OTLP: use `otlp`' },
  { section: 'grafana', main: ['hostport', 'dashboardid'], why: 'annotations of a dashboard come from `loki` as well' },
  { section: 'grafanaoncall', main: ['webhookurl'], why: 'retired by Grafana; use `pagerduty` or `webhook`' },
  { section: 'kafkarest', main: ['address'], why: 'use `kafka`' },
  { section: 'kubeless', main: ['function'], why: 'Kubeless is retired' },
  { section: 'fission', main: ['function'], why: 'use `webhook` with the URL of the router' },
  {
    section: 'aws.lambda',
    main: ['functionname'],
    why: 'use `sqs` or `sns` as the trigger of the function: they keep alerts that it does not accept',
  },
  {
    section: 'gcp.storage',
    main: ['bucket'],
    why: 'use `s3` with the interoperable endpoint, or Pub/Sub with a subscription to Cloud Storage',
  },
  {
    section: 'gcp.cloudfunctions',
    main: ['name'],
    why: 'use `google_pubsub` as the trigger, or `webhook` with the URL',
  },
  { section: 'gcp.chronicle', main: ['projectid', 'instanceid'], why: 'no transport yet' },
  {
    section: 'azure.eventhub',
    main: ['name', 'namespace'],
    why: 'falc needs a connection string: add an output of type `event_hubs`',
  },
  { section: 'azure.sentinel', main: ['endpoint'], why: 'no transport yet' },
  { section: 'otlp.traces', main: ['endpoint'], why: 'an alert is a log record, not a span: use `otlp.logs`' },
  { section: 'otlp.metrics', main: ['endpoint'], why: 'scrape `/metrics`' },
  { section: 'statsd', main: ['forwarder'], why: 'scrape `/metrics`' },
  { section: 'dogstatsd', main: ['forwarder'], why: 'scrape `/metrics`' },
  { section: 'wavefront', main: ['endpointhost'], why: 'scrape `/metrics`' },
  { section: 'policyreport', main: ['enabled'], why: 'no transport yet' },
  { section: 'openreport', main: ['enabled'], why: 'no transport yet' },
  { section: 'spyderbat', main: ['orguid'], why: 'no transport yet' },
  { section: 'timescaledb', main: ['host'], why: 'no transport yet' },
  { section: 'alerta', main: ['hostport'], why: 'Alerta takes Alertmanager’s webhooks' },
  { section: 'logstash', main: ['address'], why: 'use `webhook` with Logstash’s http input' },
  { section: 'webui', main: ['url'], why: 'falcosidekick-ui needs a Redis with the search module' },
]

interface GlobalKey {
  readonly verdict: Verdict
  readonly note?: string
}

/** Keys besides those of outputs. */
export const GLOBAL_KEYS: Readonly<Record<string, GlobalKey>> = {
  listenaddress: { verdict: 'same' },
  listenport: { verdict: 'same' },
  debug: { verdict: 'no effect', note: 'Failures are always logged; what is sent never is.' },
  customfields: { verdict: 'same' },
  customtags: { verdict: 'same' },
  templatedfields: { verdict: 'same' },
  bracketreplacer: { verdict: 'same' },
  outputfieldformat: { verdict: 'same' },
  mutualtlsfilespath: { verdict: 'same' },
  'mutualtlsclient.certfile': { verdict: 'same' },
  'mutualtlsclient.keyfile': { verdict: 'same' },
  'mutualtlsclient.cacertfile': { verdict: 'same' },
  'tlsclient.cacertfile': { verdict: 'same' },
  'tlsserver.deploy': { verdict: 'same' },
  'tlsserver.certfile': { verdict: 'same' },
  'tlsserver.keyfile': { verdict: 'same' },
  'tlsserver.mutualtls': { verdict: 'same' },
  'tlsserver.cacertfile': { verdict: 'same' },
  'tlsserver.notlsport': { verdict: 'same' },
  'tlsserver.notlspaths': { verdict: 'same' },
  'prometheus.extralabels': { verdict: 'no effect', note: 'Labels with unbounded values would use unbounded memory.' },
  'aws.accesskeyid': { verdict: 'same' },
  'aws.secretaccesskey': { verdict: 'same' },
  'aws.region': { verdict: 'same' },
  'aws.rolearn': { verdict: 'same' },
  'aws.externalid': { verdict: 'same' },
  'aws.checkidentity': {
    verdict: 'no effect',
    note: '`falc relay --check` reports what cannot work; `/test` sends an alert.',
  },
  'gcp.credentials': { verdict: 'same' },
  'yandex.accesskeyid': { verdict: 'same' },
  'yandex.secretaccesskey': { verdict: 'same' },
  'yandex.region': { verdict: 'same' },
}
