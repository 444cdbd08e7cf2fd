/** docs/outputs.md: what all outputs have, and each type with its keys, a snippet, and what is sent. */
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
import { anchor, table } from './markdown.ts'

const INTRO = `# Outputs

\`outputs\` in falco.yaml lists where alerts go, beside Falco's own \`stdout_output\`, \`file_output\`, \`program_output\`, \`http_output\` and
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

1. **Route.** \`condition\` is a condition of the rule language over [alerts as events](alerts.md), \`minimum_priority\` a short form.
2. **Collapse.** The first alert goes out at once. Repeats, with the same values in the fields of \`by\`, are counted for \`window\`; then
   one alert with \`count\`, \`first_time\` and \`last_time\` stands for them. The windows of at most 10,000 different keys are open at once;
   with more, the oldest ends early.
3. **Rate.** Alerts above it are summed up by rule in one alert at the end of the time.
4. **Queue.** Bounded in alerts and bytes. What does not fit is dropped and counted (\`queue_full\`).
5. **Delivery.** In batches, in order. How an answer is read depends on the type; what follows from it does not:

| the receiver | then |
| --- | --- |
| takes the alerts | they are delivered |
| does not answer, is busy, fails (408, 425, 429, 5xx) | the same alerts are sent again, with growing pauses of up to 30 s; \`Retry-After\` is honoured. While it fails, single alerts probe it |
| refuses us (401, 403, 404, TLS) | the same, said once in the log, with pauses of 30 s |
| refuses a batch (400, 413, 422) | it is sent in halves, until the alert that is to blame is alone |
| refuses one alert | it becomes a [dead letter](#dead-letters); the next ones go on |

Delivery is *at least once*: after a lost answer, an alert arrives twice, with the same \`alert.id\`. The log has one line when an output
fails and one when it recovers, with how many alerts waited and how many were lost. [Metrics](config.md) count all of it per output.

A reload keeps the connection and the queue of an output that has not changed. One that has changed hands its queue to its successor. One
that was removed delivers what waits for as long as \`output_timeout\` sees progress.

## Secrets

A secret is written as \`\${VARIABLE}\` of the environment, or \`{file: PATH}\`. Secrets are in no log line, error,
metric or support bundle, and a line of falco.yaml that may hold one is not shown with an error.

SIGHUP reads these files again, and opens an output anew whose certificates, keys or credentials have been renewed under the same name.

## Hostile receivers

Redirects are not followed, so that secrets reach nobody else. Answers are read up to a bound, whatever they announce; one that never ends costs its
connection. What a receiver says is in the log in part, on one line and without secrets.

## Queues on disk

With \`queue.disk\`, what waits survives the process and the machine. Alerts are appended to a journal in \`DISK/NAME\` and removed from it once they are
delivered; after a crash, delivery goes on where it was last known to be. The event path never waits for the disk: up to 8 MiB wait for it in memory. One
process at a time uses a folder.

## Dead letters

Alerts that a receiver will never take are kept next to the queue on disk, up to 10,000. Without a queue on disk they are dropped and counted. \`falc
dead-letters\` lists, retries and drops them.
`

/** docs/outputs.md */
export function outputsPage(): string {
  const list = TRANSPORTS.map(({ type, title }) => `[${title}](#${anchor(type)})`).join(' · ')
  const formats = Object.entries(FORMATS).map(([name, { doc }]) => [`\`${name}\``, doc])
  return [
    INTRO,
    `## Keys of every output\n\n${keys(COMMON_OPTIONS)}\n\n### collapse\n\n${keys(COLLAPSE_OPTIONS)}\n\n### queue\n\n${keys(QUEUE_OPTIONS)}`,
    `### format\n\n${table(['format', 'an alert is'], formats)}`,
    `## Types\n\n${list}`,
    ...TRANSPORTS.map(section),
  ].join('\n\n')
}

function section({ type, title, doc, options, batch, peer, ordered, deadline }: TransportDefinition<any>): string {
  const facts = [
    `Batches of up to ${batch.items}.`,
    ordered === 'all'
      ? 'Alerts arrive in order.'
      : ordered === 'key'
        ? 'Alerts of one key arrive in order.'
        : 'Alerts arrive in any order.',
    ...(deadline === false ? ['An attempt may take any time, unless `timeout` is set.'] : []),
    ...(peer ? [`Needs the package \`${peer}\`: \`npm install ${peer}\`.`] : []),
  ]
  const snippet = `\`\`\`yaml\noutputs:\n  - name: my-${type}\n    type: ${type}\n${example(options)}\`\`\``
  const rest = Object.keys(options).length > 0 ? `\n\n${keys(options)}` : ''
  return `### ${type}\n\n**${title}.** ${doc}\n\n${facts.join(' ')}\n\n${snippet}${rest}`
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
