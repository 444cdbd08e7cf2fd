/** falc respond --nats as a process: what its metrics report about the stream and the steps. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { startFalc } from '../../cli/test/process.ts'
import { natsServer } from '../../outputs/test/transports/nats.ts'
import { missing } from '../../outputs/test/transports/peer.ts'

test.skipIf(skipped('peers', missing('nats-server')))('metrics count alerts, steps and stream messages', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-respond-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const server = await natsServer()
  onTestFinished(() => server.daemon.stop())
  const connection = await connect({ servers: server.url })
  await (await jetstreamManager(connection)).streams.add({ name: 'FALCO', subjects: ['FALCO.>'] })
  const publish = (body: object | string) =>
    jetstream(connection).publish('FALCO.Notice', typeof body === 'string' ? body : JSON.stringify(body))
  const alert = { rule: 'Shell', priority: 'Notice', output: 'x', output_fields: {} }
  await publish({ ...alert, time: new Date().toISOString() })
  await publish({ ...alert, time: '2026-01-01T00:00:00Z' })
  await publish('no alert')
  const book = [
    { playbook: 'p', when: 'alert.rule = Shell', mode: 'enforce', steps: [{ notify: { output: 'stdout' } }] },
  ]
  writeFileSync(join(dir, 'book.yaml'), JSON.stringify(book))
  writeFileSync(
    join(dir, 'falco.yaml'),
    JSON.stringify({ stdout_output: { enabled: true }, response: { folder: 'j' } }),
  )
  const args = ['respond', '-c', 'falco.yaml', '-f', 'book.yaml', '--nats', server.url, '--metrics', '127.0.0.1:0']
  const falc = startFalc(args, dir)
  await falc.sees('Metrics at')
  const [url] = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(falc.output.stderr)!
  const page = async () => (await fetch(url)).text()
  await eventually(async () => expect(await page()).toContain('outcome="refused"} 1\n'))
  const wanted = [
    'falc_response_alerts_total 2',
    'falc_response_steps_total{action="notify",result="done",dry="false"} 1',
    'falc_response_held_total{guard="age"} 1',
    'falc_response_nats_messages_total{outcome="received"} 3',
    'falc_response_nats_messages_total{outcome="redelivered"} 0',
    'falc_response_nats_connected 1',
  ]
  await eventually(async () => {
    const lines = (await page()).split('\n')
    expect(wanted.filter(line => !lines.includes(line))).toEqual([])
  })
  expect(await page()).toMatch(/^falc_response_nats_lag_seconds [\d.]+$/m)
  expect((await fetch(url.replace('metrics', 'healthz'))).status).toBe(200)
  await connection.close()
  falc.child.kill('SIGTERM')
  expect(await falc.exit).toBe(0)
})
