/** What becomes of a store's thread when an attempt takes too long, and when the thread ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Transport } from '../../src/model/transport.ts'
import { store } from '../../src/transports/store.ts'
import { item, open, patient } from './items.ts'

function openStore(): Promise<Transport> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return open(store, { path: join(folder, 'alerts.db') })
}

test('a thread that takes too long, as when it upgrades the file, goes on', async () => {
  const output = await openStore()
  const failure = { class: 'later', cause: 'timeout', message: 'store output: no answer in time' }
  expect(await output.send([item(1)], AbortSignal.abort())).toEqual({ delivered: 0, failure })
  expect(await output.send([item(1)], patient())).toEqual({ delivered: 1 })
})

test('a thread that has ended is replaced', async () => {
  const output = await openStore()
  await output.close(true)
  expect(await output.send([item(1)], patient())).toMatchObject({ delivered: 0, failure: { reconnect: true } })
})
