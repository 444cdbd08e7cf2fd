/** Actions on containers of real engines have the effect that was requested. */
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

  test('a container is paused, unpaused and stopped, and what is already so is reported', async () => {
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

  test('a container younger than the alert is refused, and one that does not exist is gone', async () => {
    expect(await ask('kill', { before: '1000000000000000000' })).toMatchObject({ outcome: 'refused' })
    expect(await ask('kill', { container: '00000000dead' })).toMatchObject({ outcome: 'gone' })
  })
})
