/** falc outputs and falc dead-letters, with a receiver that responds with a chosen status. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { alerts, parseAlert } from '@falc/engine'
import { configuredDelivery, FORMATS, readOutput } from '@falc/outputs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { startFalc } from './process.ts'

let [dir, url, status] = ['', '', 200]
let server: Server
const bodies: string[] = []
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'falc-outputs-'))
  status = 200
  bodies.length = 0
  server = createServer(async (request, response) => {
    bodies.push(await text(request))
    response.writeHead(status).end('no such alert wanted')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`
  writeFileSync(
    join(dir, 'falco.yaml'),
    `outputs: [{ name: hook, type: webhook, url: "${url}", queue: { disk: ${dir}/queue } }, { name: off, type: webhook, url: "${url}", enabled: false }]\n`,
  )
})
afterEach(() => {
  server.close()
  server.closeAllConnections()
  rmSync(dir, { recursive: true })
})

async function falc(args: string[]) {
  const { exit, output } = startFalc([...args, '-c', 'falco.yaml'], dir)
  return { code: await exit, ...output }
}

test('outputs are listed', async () => {
  const { stdout, code } = await falc(['outputs'])
  expect(stdout).toContain(`hook: webhook, queue in ${dir}/queue/hook\noff: webhook, not enabled\n`)
  expect(code).toBe(0)
})

test('falc outputs test sends a test alert and shows the response without secrets', async () => {
  expect(await falc(['outputs', 'test', 'hook'])).toEqual({ code: 0, stdout: 'hook: delivered\n', stderr: '' })
  expect(parseAlert(bodies[0]!).rule).toBe('Falco internal: test of an output')
  status = 400
  const refused = await falc(['outputs', 'test', 'hook'])
  expect(refused.code).toBe(1)
  expect(refused.stdout).toMatch(/^hook: refused, alerts like this one would become dead letters: .*400/)
  status = 503
  expect((await falc(['outputs', 'test', 'hook'])).stdout).toMatch(/^hook: not delivered, alerts would wait: .*503/)
  expect(`${refused.stdout}${refused.stderr}`).not.toContain('secret-path')
  const unknown = await falc(['outputs', 'test', 'hok'])
  expect([unknown.code, unknown.stderr]).toEqual([
    1,
    expect.stringContaining('no output is named hok; the outputs are: hook'),
  ])
  writeFileSync(join(dir, 'falco.yaml'), `outputs: [{ name: hook, type: webhook, url: "${url}", retries: 3 }]\n`)
  expect((await falc(['outputs', 'test', 'hook'])).stderr).toContain('outputs[0]: unknown key retries')
})

test('dead letters are listed, retried and dropped while the output is open', async () => {
  const source = alerts()
  const settings = readOutput(
    { name: 'hook', type: 'webhook', url, requests: 1, queue: { disk: join(dir, 'queue') } },
    { path: [], source: () => source, warn: () => {} },
  )
  const delivery = configuredDelivery(settings, {
    ...{ hostname: 'h', source, log: () => {} },
    format: name => FORMATS[name].format,
  })
  await delivery.open()
  try {
    status = 400
    for (const n of [1, 2, 3])
      delivery.push(
        parseAlert(`{"rule":"r${n}\\n","priority":"Notice","time":"2026-01-01T00:00:0${n}Z","output":"o\\u001b[31m"}`),
      )
    await delivery.flush()
    const dead = join(dir, 'queue/hook/dead')
    await eventually(() => expect(readdirSync(dead).filter(name => name.endsWith('.json'))).toHaveLength(3))
    const listed = await falc(['dead-letters', 'list'])
    const lines = listed.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(/^hook \d+-\d+-[0-9a-f]{8} \S+ http_400: .* \| r1/)
    expect(listed.stdout).not.toContain('\u001b')
    const [json] = (await falc(['dead-letters', 'list', 'hook', '--json'])).stdout.split('\n')
    const { letter, cause, alert } = JSON.parse(json!)
    expect([cause, alert.rule]).toEqual(['http_400', 'r1\n'])
    const unknown = await falc(['dead-letters', 'drop', 'hook', letter, 'nothing\u001b'])
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/hook has no dead letter nothing[^\u001b]*\n$/),
    ])
    status = 200
    bodies.length = 0
    expect((await falc(['dead-letters', 'retry', 'hook', letter])).stdout).toMatch(/^1 to be delivered/)
    await eventually(() => expect(bodies.map(body => parseAlert(body).rule)).toEqual(['r1\n']))
    expect((await falc(['dead-letters', 'drop', 'hook'])).stdout).toBe('2 removed\n')
    expect((await falc(['dead-letters', 'list'])).stdout).toBe('')
    expect((await falc(['dead-letters', 'drop', 'nobody'])).stderr).toContain(
      'no output with a queue on disk is named nobody',
    )
  } finally {
    await delivery.close(0)
  }
})
