import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Alert, alerts, Engine } from '@falc/engine'
import { configuredDelivery, falcoJson, readOutput } from '@falc/outputs'
import { k8sAudit, parseAuditEvents } from '@falc/sources-k8saudit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { natsServer } from '../../packages/outputs/test/transports/nats.ts'
import { missing } from '../../packages/outputs/test/transports/peer.ts'
import { skipped } from '../../scripts/testing/needs.ts'
import { until } from '../../scripts/testing/wait.ts'

const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** The alerts of the bundled audit log. */
function auditAlerts(): Alert[] {
  const source = k8sAudit()
  const engine = new Engine({ sources: [source] })
  const report = engine.load([{ name: 'k8s_audit.yaml', content: text('../../rules/k8s_audit.yaml') }])
  expect(report.errors).toEqual([])
  const log = text('../captures/k8s-audit.jsonl').trim().split('\n')
  return log.flatMap(line => parseAuditEvents(line)).flatMap(event => engine.evaluate(source, event))
}

/** The output of falco.yaml, with the address of this test's server. */
function bus(url: string) {
  const [output] = parse(text('falco.yaml')).outputs
  const source = alerts()
  const settings = readOutput(
    { ...output, url },
    { path: [], source: () => source, warn: (_, reason) => expect.fail(reason) },
  )
  const delivery = configuredDelivery(settings, {
    hostname: 'node-1',
    source,
    format: () => falcoJson(),
    log: (level, line) => console.warn(level, line),
  })
  onTestFinished(() => delivery.close(0))
  return delivery
}

/** Starts a program of this example. @returns its lines, once it reports that it is ready */
async function run(program: string, ...args: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, ['--no-warnings', new URL(program, import.meta.url).pathname, ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  let ready = ''
  createInterface(child.stdout).on('line', line => lines.push(line))
  child.stderr.on('data', chunk => (ready += chunk))
  await until(`${program} is ready`, () => {
    if (child.exitCode !== null) throw new Error(ready)
    return /^(subscribed|working)/m.test(ready)
  })
  return lines
}

describe.skipIf(skipped('peers', missing('nats-server')))('NATS', () => {
  test('subscribers get the alerts of their subject, and workers share the critical ones of the stream', async () => {
    const { daemon, url } = await natsServer()
    onTestFinished(() => daemon.stop())
    const all = await run('subscribe.ts', 'FALCO.*', url)
    const critical = await run('subscribe.ts', 'FALCO.Critical', url)
    const delivery = bus(url)
    const raised = auditAlerts()
    const wanted = raised.filter(({ priority }) => priority === 'Critical')
    expect(wanted.length).toBeGreaterThan(0)
    expect(raised.length).toBeGreaterThan(wanted.length)

    for (const alert of raised) delivery.push(alert)
    await delivery.flush()
    await until('all alerts', () => all.length === raised.length && critical.length === wanted.length)
    const lines = (alerts: readonly Alert[]) =>
      alerts.map(({ priority, rule, output }) => `FALCO.${priority} [${rule}] ${output}`)
    expect(all).toEqual(lines(raised))
    expect(critical).toEqual(lines(wanted))
    expect(text('README.md')).toContain(critical.join('\n'))

    // Workers start later, and share what the stream has retained.
    const workers = [await run('worker.ts', url), await run('worker.ts', url)]
    await until('the critical alerts', () => workers.flat().length === wanted.length)
    expect(workers.flat().sort()).toEqual(wanted.map(({ id, rule }) => `${id} ${rule}`).sort())
  })
})
