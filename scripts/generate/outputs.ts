/** docs/outputs.md: the options of all outputs, then each type with its keys, a snippet, and the messages it sends. */
import { AWS_OPTIONS } from '../../packages/outputs/src/cloud/aws-credentials.ts'
import { GOOGLE_OPTIONS } from '../../packages/outputs/src/cloud/google-credentials.ts'
import {
  COLLAPSE_OPTIONS,
  COMMON_OPTIONS,
  defaultOf,
  FORMATS,
  type Option,
  type OptionTable,
  QUEUE_OPTIONS,
  TRANSPORTS,
  type TransportDefinition,
} from '../../packages/outputs/src/index.ts'
import { HTTP_OPTIONS } from '../../packages/outputs/src/net/http-client.ts'
import { TLS_OPTIONS } from '../../packages/outputs/src/net/tls.ts'
import { anchor, table } from './markdown.ts'

const INTRO = `# Outputs

\`outputs\` in falco.yaml lists where alerts go, in addition to Falco's own \`stdout_output\`, \`file_output\`, \`program_output\`, \`http_output\` and
\`syslog_output\`. Each output has its own condition, queue and retries: a slow or failing one delays neither detection nor the others.

\`\`\`yaml
outputs:
  - name: on-call
    type: slack
    url: https://hooks.slack.com/services/T000/B000/XXXX
    condition: alert.priority >= Critical and not k8s.ns.name in (staging)
    template: "%alert.rule on %alert.hostname: %alert.message"
    collapse: { by: [alert.rule, container.id], window: 5m }
    rate: 20/min
    queue: { max_alerts: 100000, max_bytes: 64MiB, disk: /var/lib/falc/queue }
  - { name: bus, type: nats, url: "nats://127.0.0.1:4222", subject: FALCO.%alert.priority, stream: FALCO }
\`\`\`

## What happens to an alert

1. **Route.** \`condition\` is a condition of the rule language over [alerts as events](alerts.md); \`minimum_priority\` is a short form.
2. **Collapse.** The first alert is sent at once. Repeats, alerts with the same values in the fields of \`by\`, are counted for
   \`window\` and then summed up in one alert with \`count\`, \`first_time\` and \`last_time\`. At most 10,000 keys and 32 MiB of alerts
   are tracked at a time; beyond that, the oldest window ends early.
3. **Rate.** Alerts above the rate are summed up by rule in one alert at the end of the period.
4. **Queue.** Bounded in alerts and bytes. Alerts that do not fit are dropped and counted (\`queue_full\`).
5. **Delivery.** In batches, in order. How a response is classified depends on the type; what follows is the same for all:

| the receiver | what falc does |
| --- | --- |
| accepts the alerts | counts them as delivered |
| does not answer, is busy, or fails (408, 425, 429, 5xx) | resends them with growing pauses, up to 30 s on average, at least as long as \`Retry-After\` asks, up to an hour; until it recovers, single alerts are sent as probes |
| rejects the configuration (401, 403, 404, TLS) | keeps the alerts queued, logs the reason once, and retries every 30 s on average |
| rejects a batch (400, 413, 422) | resends it in halves until the offending alert is alone |
| rejects a single alert | makes it a [dead letter](#dead-letters) and continues with the next |

Delivery is *at least once*: after a lost response, an alert arrives twice, with the same \`alert.id\`. The log has one line when an output
fails, and one when it recovers, with the number of alerts that waited and that were lost. If a failure turns out to need a change of a setting
or of the receiver, it has another line. [Metrics](config.md) count all of this per output.

On a reload, an output that has not changed keeps its connection and its queue. A changed output takes over the queue of its predecessor. A
removed output delivers what is queued, as long as it makes progress within \`output_timeout\`.

## Secrets

Write a secret as \`\${VARIABLE}\` (an environment variable) or \`{file: PATH}\`. Secrets never appear in log lines, errors, metrics or
support bundles, and an error about a line of falco.yaml that may contain one does not show that line.

SIGHUP rereads these files, and reopens an output whose certificates, keys or credentials have been renewed under the same name.

## Hostile receivers

Redirects are not followed, so that secrets reach no one else. Responses are read up to a fixed size, whatever they announce; one that never
ends costs its connection. The log shows an excerpt of what a receiver sends, on one line and without secrets.

## Queues on disk

With \`queue.disk\`, queued alerts survive a restart of the process and of the machine. Alerts are appended to a journal in \`DISK/NAME\` and
removed once they are delivered; after a crash, delivery resumes at the last known position. Only the owner can read the files, and a folder can
be used by one process at a time. Alerts that wait on disk take little memory, and a start reads only the newest file.

Detection never waits for the disk: up to 32 MiB are buffered in memory. While the disk is full or does not respond, alerts are sent from memory;
the log says so once. Losses are counted by cause: \`queue_full\` (the limits above), \`queue_disk\` (the disk accepted no more) and
\`queue_damaged\` (records with a wrong checksum; all others are delivered). With \`drop: oldest\`, a queue that exceeds \`max_bytes\` loses its
oldest file: a sixteenth of \`max_bytes\`, at most 8 MiB.

The audit webhook and \`falc relay\` answer a request once its alerts are on disk, or with 503 if that takes more than 5 seconds.

## Dead letters

Alerts that a receiver will never accept are kept next to the queue on disk, up to 10,000. Further ones, and those of outputs without a queue on
disk, are dropped and counted. [\`falc dead-letters\`](cli.md#dead-letters) lists, retries and drops them, even while falc is running.

## Testing an output

[\`falc outputs test NAME\`](cli.md#outputs) sends a test alert to an output and shows the response.
`

/** Keys that several types share: shown once. */
const SHARED: readonly { readonly title: string; readonly options: OptionTable }[] = [
  { title: 'TLS', options: TLS_OPTIONS },
  { title: 'HTTP', options: optionsBut(HTTP_OPTIONS, TLS_OPTIONS) },
  { title: 'AWS', options: optionsBut(AWS_OPTIONS, HTTP_OPTIONS) },
  { title: 'Google Cloud', options: optionsBut(GOOGLE_OPTIONS, HTTP_OPTIONS) },
]

function optionsBut(options: OptionTable, ...others: readonly OptionTable[]): OptionTable {
  const isOwn = ([name, option]: [string, Option]) => !others.some(other => other[name] === option)
  return Object.fromEntries(Object.entries(options).filter(isOwn))
}

const OWN_TYPES = `Programs that embed falc can [define their own types](../packages/outputs/README.md#a-transport-of-your-own). falco.yaml loads no code: use
\`program\` or \`webhook\` there for services that falc has no type for.`

/** docs/outputs.md */
export function outputsPage(): string {
  const list = TRANSPORTS.map(({ type, title }) => `[${title}](#${anchor(type)})`).join(' · ')
  const formats = Object.entries(FORMATS).map(([name, { doc }]) => [`\`${name}\``, doc])
  return [
    INTRO,
    `## Keys of every output\n\n${keys(COMMON_OPTIONS)}\n\n### collapse\n\n${keys(COLLAPSE_OPTIONS)}\n\n### queue\n\n${keys(QUEUE_OPTIONS)}`,
    `### format\n\n${table(['format', 'an alert is'], formats)}`,
    `## Keys of several types`,
    ...SHARED.map(({ title, options }) => `### ${title}\n\n${keys(options)}`),
    `## Types\n\n${list}\n\n${OWN_TYPES}`,
    ...TRANSPORTS.map(section),
  ].join('\n\n')
}

function section({ type, title, doc, options, batch, peer, ordered, deadline }: TransportDefinition<any>): string {
  const facts = [
    batch.items === 1 ? 'One alert at a time.' : `Batches of up to ${batch.items} alerts.`,
    ordered === 'all'
      ? 'Alerts arrive in order.'
      : ordered === 'key'
        ? 'Alerts of one key arrive in order.'
        : 'Alerts arrive in any order.',
    ...(deadline === false ? ['Attempts have no time limit unless `timeout` is set.'] : []),
    ...(peer ? [`Needs the package \`${peer}\`: \`npm install ${peer}\`.`] : []),
  ]
  const snippet = `\`\`\`yaml\noutputs:\n  - name: my-${type}\n    type: ${type}\n${example(options)}\`\`\``
  const own = optionsBut(options, ...SHARED.map(({ options }) => options))
  const rest = Object.keys(own).length > 0 ? `\n\n${keys(own)}` : ''
  const shared = SHARED.filter(group => Object.entries(group.options).every(([name, one]) => options[name] === one))
  const links = shared.map(({ title }) => `[${title}](#${anchor(title)})`)
  const more = links.length > 0 ? `\n\nIn addition, the keys for ${links.join(', ')}.` : ''
  return `### ${type}\n\n**${title}.** ${doc}\n\n${facts.join(' ')}\n\n${snippet}${rest}${more}`
}

/** What the type needs. */
function example(options: OptionTable): string {
  return Object.entries(options)
    .filter(([, { required }]) => required)
    .map(
      ([name, { example: value, kind }]) =>
        `    ${name}: ${JSON.stringify(value ?? (kind === 'url' ? 'https://host.example/path' : 'text'))}\n`,
    )
    .join('')
}

function keys(options: OptionTable): string {
  return table(
    ['key', 'type', 'default', 'effect'],
    Object.entries(options).map(([name, option]) => [
      `\`${name}\``,
      kindOf(option),
      shown(option),
      option.doc.replaceAll('\n', ' '),
    ]),
  )
}

function kindOf({ kind, choices }: Option): string {
  return kind === 'choice' && choices ? choices.map(one => `\`${one}\``).join(', ') : kind
}

function shown(option: Option): string {
  if (option.required) return '**required**'
  const value = defaultOf(option)
  return value === undefined ? '' : `\`${Array.isArray(value) ? value.join(', ') : value}\``
}
