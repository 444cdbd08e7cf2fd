/** Lists of one kind. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { KINDS, KubeClient } from '../src/index.ts'
import { Reflector } from '../src/reflector.ts'
import { Store } from '../src/stored.ts'

test('objects that are too large for one answer are listed in several', async () => {
  const annotations = { large: 'x'.repeat(3 << 20) }
  const all = Array.from({ length: 8 }, (_, n) => ({ metadata: { name: `n${n}`, uid: `u${n}`, annotations } }))
  const server = createServer((request, response) => {
    const { searchParams: given } = new URL(request.url!, 'http://server')
    if (given.has('watch')) return response.writeHead(200).flushHeaders()
    const [from, limit] = [Number(given.get('continue')), Number(given.get('limit'))]
    const rest = from + limit < all.length && { continue: String(from + limit) }
    response.end(JSON.stringify({ items: all.slice(from, from + limit), metadata: { resourceVersion: '1', ...rest } }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new KubeClient({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const stop = new AbortController()
  onTestFinished(() => {
    stop.abort()
    client.close()
    server.closeAllConnections()
    server.close()
  })
  const store = new Store({ objects: 100, bytes: 1 << 20 }, () => {})
  const reflector = new Reflector(client, KINDS[1]!, store, undefined, { page: 8, backoff: { first: 5, max: 50 } })
  void reflector.run(stop.signal)
  await until('the list', () => reflector.synced)
  expect([...store.objects.keys()]).toEqual(all.map(({ metadata }) => metadata.uid))
})
