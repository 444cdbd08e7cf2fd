/** Containers of real engines: what is asked for is what happens. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missing as noPodman, Podman } from '../../sources-syscall/test/containers/podman.ts'
import { type EngineCall, enginePort } from '../src/index.ts'
import { shellIn } from './machine.ts'

const NOW = () => String(BigInt(Date.now()) * 1_000_000n)

describe.skipIf(noPodman() !== undefined)('podman', () => {
  let podman: Podman
  let id: string
  const name = `falc-response-${process.pid}`
  beforeAll(async () => {
    podman = await Podman.start()
    id = await podman.do('run', '-d', '--network', 'none', '--name', name, podman.image, 'sleep', '1000')
  })
  afterAll(async () => {
    await podman.do('rm', '-f', name)
    await podman.stop()
  })

  const status = () => podman.do('inspect', '-f', '{{.State.Status}}', name)
  const ask = (does: EngineCall['does'], more: Partial<EngineCall> & { dry?: boolean } = {}) => {
    const { dry = false, ...rest } = more
    const call = { via: 'engine', does, container: id.slice(0, 12), before: NOW(), says: does, ...rest } as const
    const attempt = { dry, signal: AbortSignal.timeout(60_000), alert: shellIn(id.slice(0, 12)) }
    return enginePort({ sockets: ['/none', podman.socket], containerd: '/none' })(call, attempt)
  }

  test('pause, unpause, stop, and what is so already', async () => {
    expect(await ask('pause', { dry: true })).toMatchObject({ outcome: 'done' })
    expect(await status()).toBe('running')
    expect(await ask('pause')).toMatchObject({ outcome: 'done' })
    expect(await status()).toBe('paused')
    expect((await ask('pause')).outcome).toBe('already')
    expect(await ask('unpause')).toMatchObject({ outcome: 'done' })
    expect(await status()).toBe('running')
    expect(await ask('disconnect')).toMatchObject({ outcome: 'already' })
    expect(await ask('stop', { grace: 0 })).toMatchObject({ outcome: 'done' })
    expect(await status()).toBe('exited')
    expect((await ask('stop')).outcome).toBe('already')
    expect((await ask('kill')).outcome).toBe('already')
  })

  test('a container that is younger than the alert is another one; one that nobody has is gone', async () => {
    expect(await ask('kill', { before: '1000000000000000000' })).toMatchObject({ outcome: 'refused' })
    expect(await ask('kill', { container: '00000000dead' })).toMatchObject({ outcome: 'gone' })
  })
})
