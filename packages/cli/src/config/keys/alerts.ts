/** Keys for the form and the destinations of alerts. */
import type { AppendOutput } from '@falc/engine'
import { boolean, converted, integer, list, mapOf, scalarOrMap, text } from '../kind.ts'
import { key, section } from '../section.ts'
import { outputList } from './outputs.ts'

const appended = converted(
  section({
    match: section({
      source: key(text, '', 'Source of the rules.'),
      tags: key(list(text), [], 'Tags that the rules must all have.'),
      rule: key(text, '', 'Name of the rule.'),
    }),
    extra_output: key(text, '', 'Text appended to the output.'),
    extra_fields: key(list(scalarOrMap(text, mapOf(text))), [], 'Fields, or maps of names to templates.'),
    suggested_output: key(boolean, false, 'Append the fields that sources suggest.'),
  }),
  ({ match: { source, tags, rule }, extra_output, extra_fields, suggested_output }): AppendOutput => ({
    match: { ...(source && { source }), ...(rule && { rule }), ...(tags.length > 0 && { tags }) },
    ...(extra_output && { extra_output }),
    ...(extra_fields.length > 0 && { extra_fields }),
    suggested_output,
  }),
)

const enabled = (doc: string) => key(boolean, false, doc)

export const ALERTS_KEYS = {
  append_output: key(list(appended), [], 'Text and fields added to the output of rules, as in Falco.'),
  static_fields: key(mapOf(text), {}, 'Constants that rules use as `static.NAME`.'),
  json_output: key(boolean, false, 'Print alerts, and the reports of `-V` and `-L`, as JSON.'),
  json_include_id_property: key(
    boolean,
    false,
    "Adds `id` to the JSON: 32 hex digits, the same whenever the same event is evaluated. falc's own key.",
  ),
  json_include_absence_property: key(
    boolean,
    false,
    "Adds `output_fields_absent` to the JSON: the reason why an output field is absent, by field, where it is known. falc's own key.",
  ),
  json_include_condition_fields_property: key(
    boolean,
    false,
    "Adds `condition_fields` to the JSON: what the rule's condition read from the event besides the output fields, so that a [console](console.md) can explain every check. Outputs of type `store` always keep it. falc's own key.",
  ),
  json_include_output_property: key(boolean, true, 'JSON has `output`.'),
  json_include_message_property: key(
    boolean,
    false,
    'Adds `message` to the JSON: the output without time and priority.',
  ),
  json_include_output_fields_property: key(boolean, true, 'JSON has `output_fields`.'),
  json_include_tags_property: key(boolean, true, 'JSON has `tags`.'),
  identity: key(
    text,
    '',
    "Identifies the machine in ids of alerts. Give all receivers of one cluster's audit events the cluster's name. Default: the machine's ID. falc's own key.",
  ),
  time_format_iso_8601: key(boolean, false, 'Print times of alerts and of the log as ISO 8601 (UTC).'),
  buffer_format_base64: key(
    boolean,
    false,
    '`evt.buffer`, `evt.arg` and `evt.args` return data in base64, even in conditions. Same as `-b`.',
  ),
  stdout_output: section({ enabled: enabled('Alerts go to standard output. Without a configuration file: true.') }),
  syslog_output: section({
    enabled: enabled(
      'Alerts go to the system log through `logger` of util-linux; lines of more than 30,000 characters are split. While nothing listens at /dev/log, alerts wait.',
    ),
  }),
  file_output: section({
    enabled: enabled('Alerts are appended to a file.'),
    keep_alive: key(boolean, false, 'Keep the file open. Otherwise it is opened for each batch. SIGUSR1 reopens it.'),
    filename: key(text, '', 'The file.', {
      needed: 'Error reading config file: file output enabled but no filename in configuration block',
    }),
  }),
  program_output: section({
    enabled: enabled('Alerts go to the standard input of a program.'),
    keep_alive: key(
      boolean,
      false,
      'Keep the program running. Otherwise it is started for each alert, and an exit code other than 0 means that the alert was lost.',
    ),
    program: key(text, '', 'The command, run by `sh`.', {
      secret: true,
      needed: 'Error reading config file: program output enabled but no program in configuration block',
    }),
  }),
  http_output: section({
    enabled: enabled(
      'Post alerts to a server, one per request. Alerts wait while it does not answer, or answers 5xx, 429, 408, 401, 403 or 404. Alerts that it refuses with another 4xx are dropped and counted.',
    ),
    url: key(text, '', 'The server.', {
      secret: true,
      needed: 'Error reading config file: http output enabled but no url in configuration block',
    }),
    user_agent: key(text, 'falcosecurity/falco', 'The `User-Agent` header.'),
    insecure: key(boolean, false, "Do not verify the server's certificate."),
    ca_cert: key(text, '', 'A certificate that the server may be signed with.'),
    ca_bundle: key(text, '', 'A file of such certificates.'),
    ca_path: key(text, '', 'A folder of such certificates.'),
    mtls: key(boolean, false, 'Present a client certificate.'),
    client_cert: key(text, '/etc/ssl/certs/client.crt', 'The client certificate.'),
    client_key: key(text, '/etc/ssl/certs/client.key', 'Its key.'),
    echo: key(boolean, false, "Print the server's answers on standard output."),
    compress_uploads: key(boolean, false, 'Compress requests with gzip.'),
    keep_alive: key(boolean, false, 'Keep the connection open.'),
    max_consecutive_timeouts: key(
      integer(0, 255),
      5,
      'How often a request that timed out is retried at once; further retries have growing pauses.',
    ),
  }),
  outputs: key(
    outputList,
    [],
    "More outputs, each with a name, a type, and the keys that [outputs.md](outputs.md) describes. falc's own key.",
  ),
  outputs_queue: section({
    capacity: key(
      integer(),
      0,
      'The number of alerts that may wait for each output. Further ones are dropped and counted. 0: 1,000,000.',
    ),
    max_bytes: key(
      integer(1),
      64 * 1024 * 1024,
      "Memory of the alerts that wait for each output, in bytes. falc's own key.",
    ),
  }),
  output_timeout: key(
    integer(1, 2 ** 31 - 1),
    2000,
    'Milliseconds after which a blocked output is reported, and after which falc, when it stops, gives up an output that makes no progress.',
  ),
  own_process_alerts: key(
    boolean,
    false,
    'Also send alerts about processes that outputs have started, although each may cause the next one. Otherwise they are only counted. ' +
      "falc's own key.",
  ),
  buffered_outputs: key(boolean, false, 'Alerts may wait up to a second to be written together. `-U` turns it off.'),
}
