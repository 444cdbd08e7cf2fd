/** A machine that has no descriptors left when a user's engine is to be asked. */
import { EventEmitter } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectorAs } from '../../src/containers/user-socket.ts'

vi.mock('node:child_process', async importOriginal => ({
  ...(await importOriginal<typeof import('node:child_process')>()),
  // As Node does on EMFILE: the process has no pipes, and the error comes later.
  spawn: () => {
    const child = new EventEmitter()
    process.nextTick(() => child.emit('error', Object.assign(new Error('spawn EMFILE'), { code: 'EMFILE' })))
    return child
  },
}))

test('a connection that needs more descriptors than there are is refused, and nothing else fails', async () => {
  vi.stubEnv('FALC_PROBE', process.execPath)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { promise, resolve } = Promise.withResolvers<Error | null>()
  connectorAs(1000, '/run/user/1000/docker.sock')(resolve)
  expect(await promise).toMatchObject({ code: 'ECONNREFUSED' })
})
