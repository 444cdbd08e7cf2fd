/** The dashboards of deploy/kubernetes: a row for each panel; the type of the whole is Grafana's own. */
import type { Dashboard, Panel } from '@grafana/schema'
import { stringify } from 'yaml'

/** Title, query, unit, name of a series; a list of queries has a name for each. */
interface Row {
  readonly title: string
  readonly queries: readonly (readonly [query: string, legend: string])[]
  readonly unit?: 'short' | 'percentunit' | 'bytes' | 's' | 'cps' | 'dateTimeFromNow'
  /** A number, instead of a line over time. */
  readonly stat?: true
}

interface Page {
  readonly name: string
  readonly title: string
  readonly rows: readonly Row[]
}

const rate = (name: string, by: string) => `sum by (${by}) (rate(${name}{instance=~"$instance"}[$__rate_interval]))`
const now = (name: string, by: string) => `max by (${by}) (${name}{instance=~"$instance"})`

export const PAGES: readonly Page[] = [
  {
    name: 'fleet',
    title: 'Falc: fleet',
    rows: [
      { title: 'Sensors', stat: true, queries: [['count(falcosecurity_falco_version_info)', 'sensors']] },
      {
        title: 'Versions',
        stat: true,
        queries: [['count by (version) (falcosecurity_falco_version_info)', '{{version}}']],
      },
      {
        title: 'Rules files in use',
        stat: true,
        queries: [
          ['count by (file_name, sha256) (falcosecurity_falco_sha256_rules_files_info)', '{{file_name}} {{sha256}}'],
        ],
      },
      { title: 'Failed reloads', stat: true, queries: [['sum(falc_reloads_failed_total)', 'failed']] },
      {
        title: 'Events of the kernel',
        unit: 'cps',
        queries: [[rate('falcosecurity_scap_n_evts_total', 'instance'), '{{instance}}']],
      },
      {
        title: 'CPU',
        unit: 'percentunit',
        queries: [[now('falcosecurity_falco_cpu_usage_ratio', 'instance'), '{{instance}}']],
      },
      {
        title: 'Memory',
        unit: 'bytes',
        queries: [[now('falcosecurity_falco_memory_rss_bytes', 'instance'), '{{instance}}']],
      },
      {
        title: 'Up since',
        unit: 's',
        queries: [[now('falcosecurity_falco_duration_seconds_total', 'instance'), '{{instance}}']],
      },
    ],
  },
  {
    name: 'rules',
    title: 'Falc: rules',
    rows: [
      {
        title: 'Alerts by rule',
        queries: [[rate('falcosecurity_falco_rules_matches_total', 'rule_name'), '{{rule_name}}']],
      },
      {
        title: 'Alerts by priority (0 is Emergency)',
        queries: [[rate('falcosecurity_falco_rules_matches_total', 'priority'), '{{priority}}']],
      },
      {
        title: 'Alerts by sensor',
        queries: [[rate('falcosecurity_falco_rules_matches_total', 'instance'), '{{instance}}']],
      },
      {
        title: 'The loudest rules of the last day',
        stat: true,
        queries: [
          [
            'topk(10, sum by (rule_name) (increase(falcosecurity_falco_rules_matches_total{instance=~"$instance"}[24h])))',
            '{{rule_name}}',
          ],
        ],
      },
      { title: 'Fields that could not be read', queries: [[rate('falc_field_errors_total', 'field'), '{{field}}']] },
      {
        title: 'Admission: answers',
        queries: [[rate('falc_admission_reviews_total', 'answer'), '{{answer}}']],
      },
      {
        title: 'Admission: matches',
        queries: [[rate('falc_admission_matches_total', 'rule, mode'), '{{rule}}: {{mode}}']],
      },
      {
        title: 'Playbooks: steps',
        queries: [[rate('falc_response_steps_total', 'action, result'), '{{action}}: {{result}}']],
      },
    ],
  },
  {
    name: 'losses',
    title: 'Falc: losses',
    rows: [
      {
        title: 'Events lost or cut',
        queries: [[rate('falc_events_lost_total', 'source, cause'), '{{source}}: {{cause}}']],
      },
      {
        title: 'Seen in part',
        queries: [[rate('falc_events_seen_in_part_total', 'source, kind'), '{{source}}: {{kind}}']],
      },
      {
        title: 'Share of events dropped',
        unit: 'percentunit',
        queries: [
          [
            `${rate('falcosecurity_scap_n_drops_total', 'instance')} / ${rate('falcosecurity_scap_n_evts_total', 'instance')}`,
            '{{instance}}',
          ],
        ],
      },
      {
        title: 'Drops by how full a ring was',
        queries: [[rate('falcosecurity_scap_n_drops_buffer_total', 'drop'), '{{drop}}']],
      },
      {
        title: 'Alerts not delivered',
        queries: [[rate('falc_alerts_lost_total', 'output, cause'), '{{output}}: {{cause}}']],
      },
      {
        title: 'Audit batches',
        queries: [[rate('falc_nats_batches_total', 'outcome'), '{{outcome}}']],
      },
      {
        title: 'Audit batches that could not be evaluated',
        queries: [[rate('falc_nats_dead_letters_total', 'cause'), '{{cause}}']],
      },
      {
        title: 'Requests refused',
        queries: [
          [rate('falc_webserver_refused_total', 'cause'), 'web server: {{cause}}'],
          [rate('falc_relay_refused_total', 'cause'), 'relay: {{cause}}'],
          [rate('falc_webhook_refused_total', 'cause'), 'audit webhook: {{cause}}'],
          [rate('falc_admission_refused_total', 'cause'), 'admission: {{cause}}'],
        ],
      },
    ],
  },
  {
    name: 'outputs',
    title: 'Falc: outputs',
    rows: [
      { title: 'Delivered', queries: [[rate('falc_outputs_delivered_total', 'output'), '{{output}}']] },
      {
        title: 'Waiting',
        queries: [[now('falc_outputs_queue_length', 'instance, output'), '{{instance}} {{output}}']],
      },
      {
        title: 'Room taken by what waits',
        unit: 'bytes',
        queries: [[now('falc_outputs_queue_bytes', 'instance, output'), '{{instance}} {{output}}']],
      },
      { title: 'Failing', queries: [[now('falc_outputs_failing', 'instance, output'), '{{instance}} {{output}}']] },
      { title: 'Retries', queries: [[rate('falc_outputs_retries_total', 'output'), '{{output}}']] },
      { title: 'Dead letters', queries: [[rate('falc_outputs_dead_letters_total', 'output'), '{{output}}']] },
      {
        title: 'Repeats that summaries count',
        queries: [
          [rate('falc_outputs_collapsed_total', 'output'), '{{output}}: collapsed'],
          [rate('falc_outputs_limited_total', 'output'), '{{output}}: limited'],
        ],
      },
      {
        title: 'Relay: alerts by destination',
        queries: [
          [rate('falcosecurity_falcosidekick_outputs_total', 'destination, status'), '{{destination}}: {{status}}'],
        ],
      },
      { title: 'Relay: waiting', queries: [[now('falc_relay_queued', 'destination'), '{{destination}}']] },
      { title: 'Relay: failing', queries: [[now('falc_relay_failing', 'destination'), '{{destination}}']] },
    ],
  },
]

const source = { type: 'prometheus', uid: '$datasource' }

/** Two panels beside each other. */
function panelOf({ title, queries, unit = 'short', stat }: Row, index: number): Panel {
  return {
    id: index + 1,
    type: stat ? 'stat' : 'timeseries',
    title,
    datasource: source,
    gridPos: { x: (index % 2) * 12, y: Math.floor(index / 2) * 8, w: 12, h: 8 },
    fieldConfig: { defaults: { unit }, overrides: [] },
    targets: queries.map(([expr, legendFormat], i) => ({
      ...{ refId: String.fromCharCode(65 + i), datasource: source, expr, legendFormat },
      ...(stat && { instant: true }),
    })),
  }
}

export const dashboardOf = ({ name, title, rows }: Page): Dashboard => ({
  uid: `falc-${name}`,
  title,
  tags: ['falc'],
  timezone: 'browser',
  editable: true,
  schemaVersion: 39,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  templating: {
    list: [
      { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus' },
      {
        ...{ type: 'query', name: 'instance', label: 'Instance', datasource: source, includeAll: true, multi: true },
        ...{ query: 'label_values(falcosecurity_falco_version_info, instance)', allValue: '.*' },
        current: { text: 'All', value: '$__all' },
      },
    ],
  },
  annotations: { list: [] },
  panels: rows.map(panelOf),
})

/** parts/dashboards/objects.yaml: a ConfigMap, which Grafana's sidecar finds by its label. */
export function dashboardsObject(): string {
  const data = Object.fromEntries(PAGES.map(page => [`${page.name}.json`, `${JSON.stringify(dashboardOf(page))}\n`]))
  const labels = { 'app.kubernetes.io/part-of': 'falc', grafana_dashboard: '1' }
  return `# Generated by scripts/generate/dashboards.ts.\n${stringify(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'falc-dashboards', namespace: 'falc', labels }, data },
    { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' },
  )}`
}
