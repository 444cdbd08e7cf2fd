import { availableParallelism, release } from 'node:os'
import { basename } from 'node:path'
import { PRIORITIES } from '@falc/engine'
import { hostname } from '../run/hostname.ts'
import { falcVersion } from '../version.ts'
import type { KernelCounts } from './counts.ts'
import { type Metric, onPage } from './metric.ts'
import { bootTime } from './resources.ts'
import { chosen } from './snapshot.ts'
import { type MeteredFeed, nowNs, queueDrops, STARTED_AT, type Subject, upSeconds } from './subject.ts'

type Labels = Readonly<Record<string, string>>

/** The same numbers as those of the snapshots in Prometheus' text format, under Falco's names; `falc_…` are our own. */
export function metricsPage(subject: Subject): string {
  const page = new Page()
  const feeds = subject.feeds()
  describe(page, subject, feeds)
  if (subject.metrics.rules) describeRules(page, subject)
  const told = new Set<string>()
  for (const feed of feeds) {
    for (const metric of chosen(subject, feed)) {
      // What falc and the machine use is the same for every feed.
      const { name, value } = onPage(metric)
      if (told.has(name)) continue
      told.add(name)
      // The sum over all causes is told by cause.
      if (metric.name !== 'n_drops_buffer_total') page.add(name, metric.kind, HELP, value)
    }
    const kernel = subject.metrics.kernel ? feed.meter.kernel?.() : undefined
    if (kernel) describeBuffers(page, kernel)
  }
  describeLosses(page, subject, feeds)
  return page.text
}

const HELP = 'https://falco.org/docs/metrics/'

function describe(page: Page, subject: Subject, feeds: readonly MeteredFeed[]): void {
  const info = (name: string, labels: Labels) => page.add(`falcosecurity_${name}_info`, 'gauge', HELP, 1, labels)
  const number = (name: string, kind: Metric['kind'], value: number | bigint) =>
    page.add(`falcosecurity_falco_${name}`, kind, HELP, value)
  info('falco_version', { version: falcVersion() })
  for (const { path, sha256 } of subject.rulesFiles)
    info('falco_sha256_rules_files', { file_name: basename(path), sha256 })
  for (const { path, sha256 } of subject.configFiles)
    info('falco_sha256_config_files', { file_name: basename(path), sha256 })
  for (const { source, meter } of feeds)
    if (meter.engine) info('scap_engine_name', { engine_name: meter.engine, evt_source: source })
  info('falco_kernel_release', { kernel_release: release() })
  info('evt_hostname', { hostname: hostname() })
  const now = nowNs()
  number('outputs_queue_num_drops_total', 'counter', queueDrops(subject))
  number('reload_timestamp_nanoseconds', 'gauge', subject.reloadedAt)
  number('start_timestamp_nanoseconds', 'gauge', STARTED_AT)
  number('duration_seconds_total', 'counter', upSeconds(now))
  number('host_boot_timestamp_nanoseconds', 'gauge', bootTime())
  number('host_num_cpus_total', 'gauge', availableParallelism())
  number(
    'num_evts_total',
    'counter',
    feeds.reduce((sum, { events }) => sum + events, 0),
  )
}

function describeRules(page: Page, { rules, matches, metrics }: Subject): void {
  const name = 'falcosecurity_falco_rules_matches_total'
  const known = new Map(rules.map(rule => [rule.name, rule]))
  for (const rule_name of new Set([...known.keys(), ...matches.keys()])) {
    const count = matches.get(rule_name) ?? 0
    if (count === 0 && !metrics.emptyValues) continue
    const rule = known.get(rule_name)
    const tags = (rule?.tags ?? []).map(tag => [`tag_${tag.replace(/[^a-zA-Z0-9_]/g, '_')}`, 'true'])
    const own = rule && { priority: String(PRIORITIES.indexOf(rule.priority)), source: rule.source }
    page.add(name, 'counter', HELP, count, { ...own, rule_name, ...Object.fromEntries(tags) })
  }
}

/** Falco tells by system call what full rings cost; the probe tells by the pressure that there was. */
function describeBuffers(page: Page, { lost }: KernelCounts): void {
  const causes = { full: lost.bufferFull, pressure: lost.bufferPressure, full_first: lost.bufferFullFirst }
  for (const [drop, count] of Object.entries(causes))
    page.add('falcosecurity_scap_n_drops_buffer_total', 'counter', HELP, count, { dir: 'exit', drop })
}

function describeLosses(page: Page, subject: Subject, feeds: readonly MeteredFeed[]): void {
  for (const { source, losses } of feeds)
    for (const [cause, count] of Object.entries(losses))
      page.add('falc_events_lost_total', 'counter', 'events not taken whole', count, { source, cause })
  for (const [key, count] of subject.losses()) {
    const [output = '', cause = ''] = key.split(': ')
    page.add('falc_alerts_lost_total', 'counter', 'alerts not delivered', count, { output, cause })
  }
  page.add('falc_own_process_alerts_total', 'counter', "alerts about outputs' processes, not sent", subject.ownAlerts)
  for (const [outcome, count] of Object.entries(subject.metadata()))
    page.add('falc_container_metadata_total', 'counter', 'look-ups, evaluations that waited', count, { outcome })
  for (const [field, count] of Object.entries(subject.evaluationErrors()))
    page.add('falc_field_errors_total', 'counter', 'fields that could not be read', count, { field })
}

/** Samples by name: all of one name stand together, below one HELP and one TYPE. */
class Page {
  private readonly families = new Map<string, string>()

  add(name: string, kind: Metric['kind'], help: string, value: number | bigint, labels: Labels = {}): void {
    const head = `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`)
    const sample = `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
    this.families.set(name, (this.families.get(name) ?? head) + sample)
  }

  get text(): string {
    return [...this.families.values()].join('')
  }
}

function escaped(text: string): string {
  return text.toWellFormed().replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
}
