/** Dashboards and alerts of deploy/kubernetes query metrics that falc has, in PromQL that Prometheus parses. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { loadConfig } from '../../packages/cli/src/config/config.ts'
import type { MetricsSource } from '../../packages/cli/src/meter/metrics-source.ts'
import { metricsPage } from '../../packages/cli/src/meter/page.ts'
import { skipped } from '../testing/needs.ts'

const root = resolve(import.meta.dirname, '../..')
const objectOf = (part: string) =>
  parse(readFileSync(join(root, 'deploy/kubernetes/parts', part, 'objects.yaml'), 'utf8'))

const alerts: { alert: string; expr: string }[] = objectOf('alerts').spec.groups.flatMap((group: any) => group.rules)
const dashboards: [string, any][] = Object.entries<string>(objectOf('dashboards').data).map(([name, text]) => [
  name,
  JSON.parse(text),
])
const panels = dashboards.flatMap(([name, { panels }]) =>
  panels.map((panel: any) => ({ name: `${name}: ${panel.title}`, ...panel })),
)
const queries: [string, string][] = [
  ...alerts.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...panels.flatMap(({ name, targets }) => targets.map(({ expr }: { expr: string }) => [name, expr])),
]

function sensorPage(): string {
  const lost = { bufferFull: 0, bufferPressure: 0, bufferFullFirst: 0, scratch: 0, bug: 0 }
  const kernel = () => ({ events: 0, lost })
  const from: MetricsSource = {
    metrics: loadConfig(undefined, []).metrics,
    ...{ rules: [], configFiles: [], reloadedAt: 0n, matches: new Map([['r', 1]]), ownAlerts: 0, failedReloads: 0 },
    rulesFiles: ['image', 'updates'].map(folder => ({ path: `/${folder}/rules.yaml`, sha256: '00' })),
    feeds: () => [
      { source: 'syscall', events: 0, meter: { engine: 'modern_bpf', kernel }, losses: {}, limits: {}, repairs: {} },
    ],
    losses: () => new Map(),
    outputs: () => [],
    response: () => undefined,
    metadata: () => ({}),
    fieldStats: () => ({ extractErrors: {}, absences: {} }),
  }
  return metricsPage(from)
}

/** Names on a sensor's page, which composes them, and names spelt out in the sources: the relay's, admission's and others. */
function metricNames(): Set<string> {
  const sources = readdirSync(join(root, 'packages/cli/src'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => readFileSync(join(root, 'packages/cli/src', name), 'utf8'))
  return new Set([
    ...[...sensorPage().matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!),
    ...sources.flatMap(text => [...text.matchAll(/'((?:falc|falcosecurity)_\w+)'/g)].map(([, name]) => name!)),
  ])
}

test('every query uses metrics, and only those that falc has', () => {
  const known = metricNames()
  const named = queries.map(([name, expr]) => [name, expr.match(/\b(?:falc|falcosecurity)_\w+/g) ?? []] as const)
  expect(named.filter(([, names]) => names.length === 0)).toEqual([])
  expect(named.flatMap(([name, names]) => names.filter(one => !known.has(one)).map(one => `${name}: ${one}`))).toEqual(
    [],
  )
  expect(known.has('falcosecurity_falco_cpu_usage')).toBe(false)
})

test('no series is twice on a page, not even of two files of one name and text', () => {
  const series = sensorPage().match(/^falc.*/gm)!
  expect(series).toEqual([...new Set(series)])
  expect(series.filter(line => line.includes('rules_files'))).toHaveLength(1)
})

test('every loss has a panel', () => {
  const asked = panels.flatMap(({ targets }) => targets.map(({ expr }: { expr: string }) => expr)).join('\n')
  const losses = [...metricNames()].filter(name => /_(lost|dropped|refused|dead_letters|drops)_total$/.test(name))
  const elsewhere = [
    'falcosecurity_falco_outputs_queue_num_drops_total',
    'falc_response_alerts_dropped_total',
    'falc_relay_dropped_total',
  ]
  expect(losses.filter(name => !asked.includes(name) && !elsewhere.includes(name))).toEqual([])
})

test('panels have unique ids and positions; series have names', () => {
  for (const [name, { panels, templating }] of dashboards) {
    expect([name, new Set(panels.map(({ id }: any) => id)).size]).toEqual([name, panels.length])
    const cells = panels.map(({ gridPos: { x, y } }: any) => `${x},${y}`)
    expect([name, new Set(cells).size]).toEqual([name, panels.length])
    expect(templating.list.map(({ name }: any) => name)).toEqual(['datasource', 'instance'])
  }
  const nameless = panels.filter(({ targets }) => targets.some(({ legendFormat }: any) => !legendFormat))
  expect(nameless).toEqual([])
})

const PROMTOOL = '/usr/bin/promtool'
const reason = skipped('promtool', existsSync(PROMTOOL) ? undefined : `queries are parsed by ${PROMTOOL}`)

describe.skipIf(reason !== undefined)('promtool', () => {
  const promtool = (command: 'check' | 'test', files: Readonly<Record<string, object>>) => {
    const folder = mkdtempSync(join(tmpdir(), 'falc-promtool-'))
    try {
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), stringify(content))
      const args = [command, 'rules', Object.keys(files)[0]!]
      const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { encoding: 'utf8', cwd: folder })
      return { status, said: stdout + stderr }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const groupOf = (rules: readonly object[]) => ({ groups: [{ name: 'falc', rules }] })
  const check = (rules: readonly object[]) => promtool('check', { 'rules.yaml': groupOf(rules) })

  test.each([
    ['two sensors with the same files', ['one a 1', 'two a 1', 'one b 2', 'two b 2'], []],
    ['two sensors with two files of one name each', ['one a 1', 'one a 2', 'two a 1', 'two a 2'], []],
    ['sensors, and workers with other files', ['one a 1', 'two a 1', 'worker b 2'], []],
    ['one sensor has another text', ['one a 1', 'two a 2', 'one b 3', 'two b 3'], ['a']],
    ['one sensor has a second file', ['one a 1', 'two a 1', 'two a 2'], ['a']],
  ])('FalcRulesDiffer: %s', (_, series, firing) => {
    const input_series = series.map(one => {
      const [instance, file_name, sha256] = one.split(' ')
      const labels = `instance="${instance}",file_name="${file_name}",sha256="${sha256}"`
      return { series: `falcosecurity_falco_sha256_rules_files_info{${labels}}`, values: '1x30' }
    })
    const exp_alerts = firing.map(file_name => ({
      exp_labels: { severity: 'warning', file_name },
      exp_annotations: { summary: `Sensors have different texts of ${file_name}.` },
    }))
    const alert_rule_test = [{ eval_time: '20m', alertname: 'FalcRulesDiffer', exp_alerts }]
    const tests = [{ interval: '1m', input_series, alert_rule_test }]
    const cases = { rule_files: ['rules.yaml'], evaluation_interval: '1m', tests }
    expect(promtool('test', { 'test.yaml': cases, 'rules.yaml': groupOf(alerts) })).toMatchObject({ status: 0 })
  })

  test('accepts every alert and every query', () => {
    const records = queries.slice(alerts.length).map(([, expr], i) => ({
      record: `query:n${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }))
    expect(check([...alerts, ...records])).toMatchObject({
      status: 0,
      said: expect.stringContaining(`${queries.length} rules found`),
    })
    expect(check([{ record: 'x', expr: 'sum by (falc_events_lost_total' }]).status).not.toBe(0)
  })
})
