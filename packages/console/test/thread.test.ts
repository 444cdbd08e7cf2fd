/** A query that does not end delays other queries until its deadline, and no longer. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from '@falc/store'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { ROUTES } from '../src/routes.ts'
import { BackendThread } from '../src/thread.ts'
import { alert } from './start.ts'

afterEach(() => void vi.useRealTimers())

test('a thread that gives no answer for 30 seconds is replaced', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-thread-'))
  const path = join(folder, 'alerts.db')
  const store = await Store.open(path)
  store.insert([alert(1)])
  store.close()
  const backend = new BackendThread({ path }, () => {})
  onTestFinished(async () => {
    await backend.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const route = ROUTES.findIndex(({ method, path }) => method === 'GET' && path === '/api/v1/alerts')
  const who = { name: 'x', scopes: [] }
  const ask = (seconds: number) =>
    backend.ask({ route, who, given: '', id: '', body: new Uint8Array() }, undefined, seconds)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const asked = [ask(0), ask(60)]
  const refused = Promise.allSettled(asked)
  // The thread cannot have answered yet: its messages arrive in a later turn of the event loop.
  vi.advanceTimersByTime(29_999)
  expect(backend.waiting).toBe(2)
  vi.advanceTimersByTime(1)
  vi.useRealTimers()
  expect((await refused).map(one => one.status === 'rejected' && one.reason.message)).toEqual([
    'this takes too long',
    'the console is restarting',
  ])
  expect(JSON.parse(await ask(0)).alerts).toHaveLength(1)
})
