/** Keys about falc itself: its log, its web server, its metrics, and the health of live capture. */
import { boolean, choice, converted, duration, integer, list, number, text } from '../kind.ts'
import { key, section } from '../section.ts'

/** Severities of falc's own log, as Falco names them. */
export const LOG_LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const DROP_ACTIONS = ['ignore', 'log', 'alert', 'exit'] as const

const dropActions = converted(list(choice(...DROP_ACTIONS)), (names, fail) => {
  const clash = names.includes('ignore') ? names.find(name => name === 'log' || name === 'alert') : undefined
  if (clash !== undefined) fail(`syscall event drop action "${clash}" does not make sense with the "ignore" action`)
  return [...new Set(names)] as readonly (typeof DROP_ACTIONS)[number][]
})

const NO_ITERATORS = 'the probe has no iterators'

export const OPERATION_KEYS = {
  log_stderr: key(boolean, true, 'The log goes to standard error.', { restart: true }),
  log_syslog: key(boolean, false, 'Write the log to the system log through `logger`, line by line.', {
    restart: true,
  }),
  log_level: key(choice(...LOG_LEVELS), 'info', 'Less severe messages are not logged.', { restart: true }),
  libs_logger: section(
    {
      enabled: key(
        boolean,
        true,
        'Log messages of the system call source, with the prefix `[libs]: `, within `log_level`.',
      ),
      severity: key(
        choice('fatal', 'critical', 'error', 'warning', 'notice', 'info', 'debug', 'trace'),
        'info',
        'Less severe ones are not logged.',
      ),
    },
    { restart: true },
  ),
  webserver: section(
    {
      enabled: key(
        boolean,
        false,
        'Serve /healthz, /versions and /metrics. Has no effect with a capture, as the log says.',
      ),
      threadiness: key(integer(), 0, 'Threads of the web server.', {
        noEffect: { why: 'the web server runs in the thread that reads events', asks: threads => threads > 1 },
      }),
      listen_port: key(integer(0, 65535), 8765, 'Port. 0: any free one, which the log says.'),
      listen_address: key(text, '0.0.0.0', 'Address.'),
      k8s_healthz_endpoint: key(text, '/healthz', 'Path of the health page.'),
      prometheus_metrics_enabled: key(boolean, false, 'Serve /metrics, with or without `metrics.enabled`.'),
      ssl_enabled: key(boolean, false, 'Serve HTTPS.'),
      ssl_certificate: key(
        text,
        '/etc/falco/falco.pem',
        'A PEM file with certificate and key. Reloaded when it changes.',
      ),
    },
    { restart: true },
  ),
  metrics: section({
    enabled: key(boolean, false, 'Take snapshots of metrics. The metrics page does not depend on it.'),
    interval: key(
      duration(100, 2 ** 31 - 1, 'from 100ms to 24d'),
      3_600_000,
      "Time between snapshots, in Prometheus' notation: `15s`, `1h30m`. Snapshots are taken at multiples of it: with `15s` at :00, :15, :30, :45.",
      { shown: '1h' },
    ),
    output_rule: key(boolean, false, 'Write snapshots as alerts "Falco internal: metrics snapshot".'),
    output_file: key(text, '', 'Snapshots are lines of JSON in this file.'),
    rules_counters_enabled: key(boolean, true, 'Alerts by rule.'),
    resource_utilization_enabled: key(boolean, true, 'CPU and memory use of falc and of the machine.'),
    state_counters_enabled: key(boolean, true, 'Threads and descriptors: known, added, removed, unknown, left out.'),
    kernel_event_counters_enabled: key(boolean, true, 'Events and losses of the probe.'),
    kernel_event_counters_per_cpu_enabled: key(boolean, false, 'Turns `kernel_event_counters_enabled` on.', {
      noEffect: { why: 'the probe counts for all CPUs together: see kernel_event_counters_enabled' },
    }),
    kernel_iter_event_counters_enabled: key(boolean, false, 'Events of BPF iterators.', {
      noEffect: { why: NO_ITERATORS },
    }),
    libbpf_stats_enabled: key(boolean, false, "Run times of the probe's programs.", {
      noEffect: { why: "run times of the probe's programs are not read (bpftool prog show prints them)" },
    }),
    plugins_metrics_enabled: key(boolean, true, '`container.n_containers`.'),
    jemalloc_stats_enabled: key(boolean, false, 'Statistics of jemalloc.', {
      noEffect: { why: 'falc does not use jemalloc' },
    }),
    convert_memory_to_mb: key(boolean, true, 'Snapshots have memory in megabytes. The metrics page has bytes.'),
    include_empty_values: key(boolean, false, 'Include metrics that are 0.'),
  }),
  syscall_event_drops: section({
    threshold: key(number(0, 1), 0, "Act when more than this fraction of a second's events is lost. 0: on any loss."),
    actions: key(
      dropActions,
      ['log', 'alert'],
      '`log` (a warning), `alert` ("Falco internal: syscall event drop"), `exit` (exit code 1), or `ignore`. Losses are always counted.',
    ),
    rate: key(number(), 0.03333, 'Actions per second in the long run.'),
    max_burst: key(number(), 1, 'Actions in a burst.'),
    simulate_drops: key(boolean, false, 'Count one extra loss per second, to test the actions.'),
  }),
  syscall_event_timeouts: section({
    max_consecutives: key(
      integer(1),
      1000,
      'Raise the alert "Falco internal: timeouts notification" after this many intervals of 30 ms without any event.',
    ),
  }),
}
