import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import { expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { freePort } from '../../../../scripts/testing/port.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { configuredDelivery, FORMATS, readOutput } from '../../src/index.ts'
import { prometheus } from '../../src/transports/prometheus.ts'
import { LURES } from './hostile.ts'
import { item, open, patient } from './items.ts'
import { accepts, Daemon, missing } from './peer.ts'

/** The transport on a free port. */
async function serve(options: Record<string, unknown> = {}) {
  const port = await freePort()
  const output = await open(prometheus, { listen: `127.0.0.1:${port}`, ...options })
  const page = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return { port, output, page }
}

test('counts alerts, and a collapsed one by the number that it stands for', async () => {
  const { output, page } = await serve({ labels: ['rule', 'priority', 'k8s.ns.name'] })
  const inProd = { output_fields: { 'k8s.ns.name': 'prod' } }
  const items = [
    item(1, inProd),
    item(2, inProd),
    item(3, { ...inProd, count: 40, lastTime: 1_800_000_000_500_000_000n }),
    item(4),
  ]
  expect(await output.send(items, patient())).toEqual({ delivered: 4 })
  expect(await page()).toBe(`# HELP falc_alerts_total Alerts.
# TYPE falc_alerts_total counter
falc_alerts_total{rule="Terminal shell in container",priority="Notice",k8s_ns_name="prod"} 42
falc_alerts_total{rule="Terminal shell in container",priority="Notice",k8s_ns_name=""} 1
# HELP falc_alerts_last_seconds Time of the last alert.
# TYPE falc_alerts_last_seconds gauge
falc_alerts_last_seconds{rule="Terminal shell in container",priority="Notice",k8s_ns_name="prod"} 1800000000.500000000
falc_alerts_last_seconds{rule="Terminal shell in container",priority="Notice",k8s_ns_name=""} 1700000000.123456793
`)
})

test('an attacker cannot exceed max_series, and every alert is counted', async () => {
  const { output, page } = await serve({ labels: ['priority', 'proc.name'], max_series: 50 })
  const items = Array.from({ length: 1000 }, (_, i) => item(i, { output_fields: { 'proc.name': `evil-${i}` } }))
  await output.send(items, patient())
  const lines = (await page()).split('\n').filter(line => line.startsWith('falc_alerts_total{'))
  expect(lines.length).toBeLessThanOrEqual(50)
  expect(lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(1000)
  expect(lines.at(-1)).toBe('falc_alerts_total{priority="Notice",proc_name="other"} 958')
})

test('other paths and methods are not found; a reload keeps the counters', async () => {
  const { output, page, port } = await serve()
  await output.send([item(1)], patient())
  await output.reopen!()
  expect(await page()).toContain('} 1\n')
  const url = `http://127.0.0.1:${port}`
  expect((await fetch(`${url}/`)).status).toBe(404)
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404)
})

test.each([
  [{ listen: 'localhost' }, 'listen must be an address and a port'],
  [{ listen: '127.0.0.1:99999' }, 'listen must be an address and a port'],
  [{ listen: '127.0.0.1:0', labels: ['k8s.ns.name', 'k8s_ns_name'] }, 'two labels have the same name'],
])('refuses %j', async (options, message) => {
  await expect(open(prometheus, options)).rejects.toThrow(`prometheus output: ${message}`)
})

test('a port that is in use is a temporary error', async () => {
  const { port } = await serve()
  await expect(open(prometheus, { listen: `127.0.0.1:${port}` })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    class: 'later',
  })
})

test('listens before there is an alert, as soon as its port is free', async () => {
  const port = await freePort()
  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  const log: string[] = []
  const source = alerts()
  const settings = readOutput(
    { name: 'metrics', type: 'prometheus', listen: `127.0.0.1:${port}` },
    { path: [], source: () => source, warn: () => {} },
  )
  const delivery = configuredDelivery(settings, {
    ...{ hostname: 'node-1', source, backoff: { first: 5, max: 10 } },
    format: name => FORMATS[name].format,
    log: (level, text) => log.push(`${level}: ${text}`),
  })
  onTestFinished(() => delivery.close(0))
  await delivery.open()
  await until('it fails', () => delivery.stats.failing !== undefined)
  expect(log).toEqual([expect.stringMatching(/^error: prometheus output: .*EADDRINUSE.*; retrying$/)])
  other.close()
  await until('the page is there', () =>
    fetch(`http://127.0.0.1:${port}/metrics`)
      .then(({ ok }) => ok)
      .catch(() => false),
  )
  await until('it has recovered', () => log.length === 2)
  expect(log[1]).toMatch(/^notice: metrics: recovered after .* s; 0 alerts waited, 0 were lost$/)
})

test.skipIf(skipped('peers', missing('prometheus')))('Prometheus scrapes the counters', async () => {
  const { port, output } = await serve()
  await output.send([item(1), item(2), ...LURES.map((rule, i) => item(i + 3, { rule }))], patient())
  const own = await freePort()
  const daemon = new Daemon('prometheus', {
    args: folder => {
      const config = join(folder, 'prometheus.yml')
      writeFileSync(
        config,
        `scrape_configs:\n- job_name: falc\n  scrape_interval: 1s\n  static_configs: [{targets: ['127.0.0.1:${port}']}]\n`,
      )
      return [`--config.file=${config}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${own}`]
    },
    ready: () => accepts(own),
  })
  await daemon.up()
  try {
    const ask = async (query: string) => {
      const response = await fetch(`http://127.0.0.1:${own}/api/v1/query?query=${encodeURIComponent(query)}`)
      // Prometheus listens before it can answer.
      if (response.status === 503) return []
      return ((await response.json()) as any).data?.result ?? []
    }
    const [total] = await until('it has scraped', async () => {
      const result = await ask('sum(falc_alerts_total)')
      return result.length > 0 && result
    })
    expect(total.value[1]).toBe(String(2 + LURES.length))
    const [{ metric }] = await ask('falc_alerts_total == 2')
    expect(metric).toMatchObject({ rule: 'Terminal shell in container', priority: 'Notice', source: 'syscall' })
    expect(await ask('falc_alerts_total')).toHaveLength(1 + LURES.length)
  } finally {
    await daemon.stop()
  }
})
