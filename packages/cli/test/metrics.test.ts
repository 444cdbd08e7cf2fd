/** Metrics snapshots and the metrics page of a run on a Kubernetes audit log. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { freePort } from '../../../scripts/testing/port.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { type Started, startFalc } from './process.ts'

const PROMTOOL = '/usr/bin/promtool'
const noPromtool = skipped('promtool', existsSync(PROMTOOL) ? undefined : `pages of metrics are checked by ${PROMTOOL}`)

let dir: string
let falc: Started | undefined
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-metrics-'))
  const rule = (name: string, verb: string) =>
    `- {rule: ${JSON.stringify(name)}, desc: d, condition: ka.verb = ${verb}, output: "%ka.verb", priority: WARNING, source: k8s_audit, tags: [k8s, mitre.x]}\n`
  writeFileSync(join(dir, 'rules.yaml'), rule('Read a "secret"', 'get') + rule('Never', 'never'))
  const event = (id: number) =>
    `${JSON.stringify({ kind: 'Event', auditID: String(id), stage: 'ResponseComplete', verb: 'get', objectRef: { name: 'x' }, stageTimestamp: '2026-05-04T10:20:30.000000Z' })}\n`
  writeFileSync(join(dir, 'audit.jsonl'), event(1) + event(2))
})
afterEach(async () => {
  falc?.child.kill('SIGKILL')
  await falc?.exit
  falc = undefined
  rmSync(dir, { recursive: true })
})

function follow(...options: string[]): Started {
  const args = options.flatMap(option => ['-o', option])
  falc = startFalc(['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', '--follow', ...args], dir)
  return falc
}

/** A run by a falco.yaml. @returns it, and what writes the file anew */
async function configured(text: string): Promise<{ run: Started; configure: (text: string) => void }> {
  const configure = (more: string) =>
    writeFileSync(join(dir, 'falco.yaml'), `rules_files: [rules.yaml]\nstdout_output: {enabled: true}\n${more}\n`)
  configure(text)
  falc = startFalc(['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.jsonl', '--follow'], dir)
  await falc.sees('Opening event source')
  return { run: falc, configure }
}

/** Snapshots in the file, once there are this many. */
async function snapshots(count: number): Promise<{ sample: number; output_fields: Record<string, any> }[]> {
  return until(`${count} snapshots`, () => {
    const path = join(dir, 'metrics.jsonl')
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    return lines.length >= count && lines.map(line => JSON.parse(line))
  })
}

const FILE = 'output_file: metrics.jsonl'

describe('snapshots', () => {
  test('as alerts, with the fields of Falco', async () => {
    const start = BigInt(Date.now())
    const run = follow('json_output=true', 'metrics={enabled: true, interval: 200ms, output_rule: true}')
    // The first ones may come before the events are read.
    await run.sees('"falco.num_evts":2,')
    run.child.kill('SIGINT')
    await run.exit
    const line = run.output.stdout.split('\n').find(text => text.includes('"falco.num_evts":2,'))!
    const alert = JSON.parse(line)
    expect(alert).toMatchObject({
      hostname: 'testhost',
      output: 'Falco metrics snapshot',
      priority: 'Informational',
      rule: 'Falco internal: metrics snapshot',
      source: 'internal',
    })
    const fields = Object.keys(alert.output_fields)
    expect(fields).toEqual([...fields].sort())
    expect(alert.output_fields).toMatchObject({
      'evt.hostname': 'testhost',
      'evt.source': 'k8s_audit',
      'falco.num_evts': 2,
      'falco.rules.matches_total': 2,
      'falco.rules.Read_a_secret': 2,
      'falco.outputs_queue_num_drops': 0,
      'scap.engine_name': 'source_plugin',
      'scap.n_drops_perc': 0,
    })
    expect(alert.output_fields['falco.sha256_rules_file.rules_yaml']).toMatch(/^[0-9a-f]{64}$/)
    for (const name of ['falco.cpu_usage_perc', 'falco.memory_rss_mb', 'falco.host_memory_used_mb'])
      expect(alert.output_fields[name]).toBeGreaterThan(0)
    // Zero values are left out, and so are those that the source does not count.
    expect(fields).not.toContain('falco.rules.Never')
    expect(fields).not.toContain('scap.n_evts')
    // Nanoseconds exceed the precision of a JavaScript number, so they are read from the text.
    const time = BigInt(/"evt\.time":(\d{19}),/.exec(line)![1]!)
    expect(time).toBeGreaterThan(start * 1_000_000n)
    expect(time).toBeLessThan(BigInt(Date.now()) * 1_000_000n)
  })

  test('as text', async () => {
    const run = follow('metrics={enabled: true, interval: 200ms, output_rule: true}')
    await run.sees('falco.num_evts=2 ')
    expect(run.output.stdout).toMatch(
      /^\d\d:\d\d:\d\d\.\d{9}: Informational Falco metrics snapshot \(evt\.hostname=\\"testhost\\" evt\.source=\\"k8s_audit\\" .*falco\.num_evts=2 .*\)$/m,
    )
  })

  test('as lines of a file', async () => {
    await follow(`metrics={enabled: true, interval: 1s, ${FILE}}`).sees('get')
    // The snapshot after these has the events, the next one none.
    const earlier = (await snapshots(0)).length
    const lines = await snapshots(earlier + 3)
    expect(lines.map(line => line.sample)).toEqual(lines.map((_, i) => i + 1))
    const [before, after] = lines.slice(-2).map(line => line.output_fields)
    expect(after!['falco.num_evts_prev']).toBe(before!['falco.num_evts'])
    expect(after!['falco.evts_rate_sec']).toBe(0)
    expect(falc!.output.stdout).not.toContain('metrics snapshot')
  })

  test('of the configured groups, in the configured unit', async () => {
    const off = 'resource_utilization_enabled: false, rules_counters_enabled: false'
    follow(`metrics={enabled: true, interval: 200ms, ${FILE}, ${off}}`)
    const [none] = await snapshots(1)
    expect(Object.keys(none!.output_fields).filter(name => /memory|rules\./.test(name))).toEqual([])
    falc!.child.kill('SIGKILL')
    await falc!.exit
    rmSync(join(dir, 'metrics.jsonl'))
    follow(`metrics={enabled: true, interval: 200ms, ${FILE}, convert_memory_to_mb: false, include_empty_values: true}`)
    const [all] = await snapshots(1)
    expect(all!.output_fields['falco.memory_rss_kb']).toBeGreaterThan(10_000)
    expect(all!.output_fields['falco.rules.Never']).toBe(0)
  })

  test('start and stop with a reload', async () => {
    const { run, configure } = await configured('metrics: {enabled: false}')
    configure(`metrics: {enabled: true, interval: 200ms, ${FILE}}`)
    await snapshots(1)
    configure('webserver: {enabled: true}')
    await run.sees('Reload: changes of webserver.enabled take effect after a restart')
    const count = (await snapshots(1)).length
    await sleep(700)
    expect((await snapshots(1)).length).toBe(count)
  })

  test('to a file that cannot be written do not undo a reload', async () => {
    const { run, configure } = await configured('metrics: {enabled: false}')
    configure('metrics: {enabled: true, interval: 200ms, output_file: no/such/folder}')
    await run.sees('Reloaded configuration and rules: 2 rules')
    expect(run.output.stderr).toContain('snapshots are lost until it can be written')
    expect(run.output.stderr).not.toContain('Reload failed')
  })

  test('to a file that cannot be written are refused at the start', async () => {
    const run = follow('metrics={enabled: true, interval: 200ms, output_file: no/such/folder}')
    expect(await run.exit).toBe(1)
    expect(run.output.stderr).toContain('Error: metrics.output_file: no/such/folder: no such file or directory\n')
  })
})

describe('the page', () => {
  async function page(...options: string[]): Promise<string> {
    const port = await freePort()
    const web = `webserver={enabled: true, listen_port: ${port}, listen_address: 127.0.0.1, prometheus_metrics_enabled: true}`
    const run = follow(web, ...options)
    await run.sees('Opening event source')
    appendFileSync(join(dir, 'audit.jsonl'), 'not json\n')
    return until('the page counts the bad line, and no alert that waits', async () => {
      const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        answer => answer.text(),
        () => '',
      )
      const counted = 'falc_events_lost_total{source="k8s_audit",cause="bad-json"} 1\n'
      return text.includes(counted) && text.includes('falc_outputs_queue_length{output="stdout"} 0\n') && text
    })
  }

  test("has the same numbers under Falco's names", async () => {
    const text = await page('metrics={enabled: true, include_empty_values: true}')
    expect(text).toContain(
      'falcosecurity_falco_rules_matches_total{priority="4",source="k8s_audit",rule_name="Read a \\"secret\\"",tag_k8s="true",tag_mitre_x="true"} 2\n',
    )
    expect(text).toContain('rule_name="Never",tag_k8s="true",tag_mitre_x="true"} 0\n')
    expect(text).toContain(
      'falcosecurity_scap_engine_name_info{engine_name="source_plugin",evt_source="k8s_audit"} 1\n',
    )
    expect(text).toContain('falcosecurity_evt_hostname_info{hostname="testhost"} 1\n')
    // Other series are there before anything is lost, so that increase() sees the first loss.
    for (const series of [
      'falc_events_lost_total{source="k8s_audit",cause="too-deep"}',
      'falc_alerts_lost_total{output="stdout",cause="queue_full"}',
      'falc_reloads_failed_total',
    ])
      expect(text).toContain(`${series} 0\n`)
    expect(text).toMatch(/^falcosecurity_falco_memory_rss_bytes \d{8,}$/m)
    expect(text).toMatch(/^falcosecurity_falco_cpu_usage_ratio \d+(\.\d+)?$/m)
    expect(text).toMatch(/^falcosecurity_falco_start_timestamp_nanoseconds \d{19}$/m)
  })

  test.skipIf(noPromtool !== undefined)('is valid for promtool, which criticises only names from Falco', async () => {
    const text = await page('metrics={enabled: true, include_empty_values: true}')
    const { status, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: text, encoding: 'utf8' })
    // 1: promtool could not read the page; 3: it only criticises names.
    expect([0, 3]).toContain(status)
    for (const line of stderr.split('\n').filter(Boolean)) {
      expect(line).toMatch(/^falcosecurity_\S+ (use base unit "seconds"|non-counter metrics should not have "_total")/)
    }
    expect(spawnSync(PROMTOOL, ['check', 'metrics'], { input: `${text}falc_x{ 1\n`, encoding: 'utf8' }).status).toBe(1)
  })
})
