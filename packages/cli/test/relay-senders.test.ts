/** falc relay: which senders it accepts, and which alerts survive its death. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { cannotCertify, certificates, folder } from '../../outputs/test/transports/peer.ts'
import { startFalc } from './process.ts'

const alert = (n: number) =>
  JSON.stringify({
    ...{ hostname: 'web-1', priority: 'Warning', rule: 'Terminal shell', source: 'syscall', tags: [] },
    ...{ output: `Warning shell ${n}`, time: '2026-11-24T10:00:00.123456789Z', output_fields: { n } },
  })

/** A webhook that accepts alerts while `state.up`, and otherwise responds with 503. */
async function hook() {
  const outputs: string[] = []
  const state = { up: true }
  const server = createServer(async (incoming, response) => {
    const body = await text(incoming)
    if (state.up) outputs.push(JSON.parse(body).output)
    response.writeHead(state.up ? 200 : 503).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, outputs, state }
}

async function relay(dir: string, config: unknown, ...args: readonly string[]) {
  writeFileSync(join(dir, 'sidekick.yaml'), JSON.stringify(config))
  const falc = startFalc(['relay', '-c', 'sidekick.yaml', ...args], dir)
  onTestFinished(async () => {
    falc.child.kill('SIGKILL')
    await falc.exit
  })
  await falc.sees('Accepting alerts at')
  return falc
}

test.skipIf(cannotCertify())(
  'mutual TLS refuses clients without a trusted certificate; the paths of notlspaths stay plain',
  async () => {
    const [dir, pem, stranger] = [folder(), certificates(), certificates()]
    const { url, outputs } = await hook()
    const [port, plain] = [await freePort(), await freePort()]
    const tlsserver = {
      ...{ deploy: true, mutualtls: true, certfile: pem.cert, keyfile: pem.key, cacertfile: pem.ca },
      ...{ notlsport: plain, notlspaths: ['/ping', '/healthz'] },
    }
    await relay(dir, { listenaddress: '127.0.0.1', listenport: port, tlsserver, webhook: { address: url } })
    const post = (client: { clientCert?: string; clientKey?: string }) => {
      const { clientCert, clientKey } = client
      const files = clientCert && clientKey ? { cert: readFileSync(clientCert), key: readFileSync(clientKey) } : {}
      const headers = { 'content-type': 'application/json' }
      return new Promise<number>((resolve, reject) => {
        const sent = request(
          { host: '127.0.0.1', port, method: 'POST', ca: readFileSync(pem.ca), headers, agent: false, ...files },
          response => resolve(response.resume().statusCode!),
        )
        sent.on('error', reject).end(alert(1))
      })
    }
    expect(await post(pem)).toBe(200)
    // Either the handshake fails, or the request is refused.
    for (const client of [{}, stranger]) expect(await post(client).catch(() => 401)).toBe(401)
    await eventually(() => expect(outputs).toEqual(['Warning shell 1']))
    expect(await (await fetch(`http://127.0.0.1:${plain}/ping`)).text()).toBe('pong\n')
    expect((await fetch(`http://127.0.0.1:${plain}/`, { method: 'POST', body: alert(2) })).status).toBe(404)
  },
)

test('alerts that were accepted with 200 survive kill -9 of the relay', async () => {
  const dir = folder()
  const { url, outputs, state } = await hook()
  const port = await freePort()
  const config = { listenaddress: '127.0.0.1', listenport: port, webhook: { address: url } }
  state.up = false
  const first = await relay(dir, config, '--queue', join(dir, 'queue'))
  for (let n = 0; n < 10; n++) {
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: alert(n) })).status).toBe(200)
  }
  first.child.kill('SIGKILL')
  await first.exit
  state.up = true
  await relay(dir, config, '--queue', join(dir, 'queue'))
  const all = Array.from({ length: 10 }, (_, n) => `Warning shell ${n}`)
  await eventually(() => expect([...new Set(outputs)].sort()).toEqual(all))
})
