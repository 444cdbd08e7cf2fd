/** The HTTP tests again, with all requests in the thread; and when that thread starts and ends. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { useHttpThread } from '../src/net/http-client.ts'
import { HttpThread } from '../src/net/http-thread.ts'

useHttpThread(0)
await import('./http-client.test.ts')
await import('./http.test.ts')
await import('./http-bytes.test.ts')

describe('the thread', () => {
  let server: Server
  const workers: Worker[] = []
  const started = (worker: Worker) => void workers.push(worker)
  process.on('worker', started)
  const forever = new AbortController().signal
  afterEach(() => {
    vi.useRealTimers()
    server.close()
    server.closeAllConnections()
  })

  /** Makes requests to a server that answers all paths except /never. */
  async function get(burst: number): Promise<(path: string) => Promise<number>> {
    server = createServer((request, response) => void (request.url === '/never' || response.end()))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = new HttpThread(burst).client({ proxies: {}, sockets: 2 })
    workers.length = 0
    return async path => {
      const place = { hostname: '127.0.0.1', port, path }
      const parts = { method: 'GET', headers: {}, body: '', gzip: false, maxAnswer: 100 }
      return (await client.exchange({ secure: false, place, ...parts }, forever)).status
    }
  }

  test('starts on a burst of requests, ends when idle, and starts again', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    const request = await get(2)
    for (let i = 0; i < 10; i++) {
      expect(await request('/')).toBe(200)
      vi.advanceTimersByTime(501)
    }
    expect(workers).toEqual([])
    for (let round = 1; round <= 2; round++) {
      for (let i = 0; i < 5; i++) expect(await request('/')).toBe(200)
      expect(workers.length).toBe(round)
      const ended = once(workers[round - 1]!, 'exit')
      vi.advanceTimersByTime(20_000)
      await ended
    }
  })

  test('fails its pending requests when it ends unexpectedly; the main thread then takes over', async () => {
    const request = await get(0)
    expect(await request('/')).toBe(200)
    const pending = [request('/never'), request('/never')]
    const failures = Promise.allSettled(pending)
    await workers[0]!.terminate()
    for (const failure of await failures)
      expect(failure).toMatchObject({ reason: { code: 'thread', message: 'the thread for HTTP: it has ended' } })
    expect(await request('/')).toBe(200)
    expect(workers.length).toBe(1)
  })

  test('does not keep the program alive', async () => {
    const request = await get(0)
    expect(await request('/')).toBe(200)
    // A reference would keep this process alive.
    expect(process.getActiveResourcesInfo()).not.toContain('MessagePort')
  })
})
