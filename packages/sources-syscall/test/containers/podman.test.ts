import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patient } from '../../../../scripts/testing/wait.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { Lookups } from '../../src/containers/lookups.ts'
import { matchCgroup } from '../../src/state/cgroup-matchers.ts'
import { missing, Podman } from './podman.ts'
import { watching } from './watching.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('podman', () => {
  let podman: Podman
  let id: string
  beforeAll(async () => {
    podman = await Podman.start()
    id = await podman.do(
      ...['run', '-d', '--network', 'none', '--name', `falc-test-${process.pid}`, '--label', 'tier=front'],
      ...['--privileged', '-v', '/usr:/host/usr:ro', podman.image, 'sleep', '60'],
    )
  })
  afterAll(async () => {
    await podman.do('rm', '-f', '-t', '0', id)
    await podman.stop()
  })

  test('a container is identified by the control groups of its processes', async () => {
    const pid = await podman.do('inspect', '--format', '{{.State.Pid}}', id)
    const paths = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
      .trim()
      .split('\n')
      .map(line => line.split(':')[2]!)
    const match = paths.map(path => matchCgroup(path)).find(found => found !== null)
    expect(match).toEqual({ id: id.slice(0, 12), fullId: id, runtime: 'podman' })
  })

  test('describes a container', async () => {
    const engines = openEngines({ podman: [podman.socket], docker: [], cri: [] }).system
    const found = await engines.find(({ kind }) => kind === 'podman')!.inspect(id, patient())
    expect(found).toMatchObject({
      type: 11,
      id: id.slice(0, 12),
      full_id: id,
      name: `falc-test-${process.pid}`,
      image: podman.image,
      imagerepo: podman.image.slice(0, -3),
      imagetag: 'v1',
      privileged: true,
      host_pid: false,
      host_network: false,
      is_pod_sandbox: false,
      labels: { team: 'blue', tier: 'front' },
      Mounts: [{ Source: '/usr', Destination: '/host/usr', RW: false, Propagation: 'rprivate' }],
    })
    expect(found.imageid).toMatch(/^[0-9a-f]{64}$/)
    expect(found.imagedigest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(Math.abs(found.created_time! * 1000 - Date.now())).toBeLessThan(60_000)
    for (const engine of engines) engine.close()
  })

  test('reads privileges, namespaces and mounts from a container’s specification, without the service', async () => {
    const engines = openEngines({ podman: [podman.socket], docker: [], cri: [] }).system
    const engine = engines.find(({ kind }) => kind === 'podman')!
    const { privileged, host_pid, host_network, host_ipc, Mounts } = await engine.inspect(id, patient())
    const seen = await engine.peek!(id)
    expect(seen).toMatchObject({ privileged, host_pid, host_network, host_ipc })
    expect(privileged).toBe(true)
    expect(seen!.Mounts!.map(({ Source, Destination, RW }) => ({ Source, Destination, RW }))).toEqual(
      Mounts!.map(({ Source, Destination, RW }) => ({ Source, Destination, RW })),
    )
    expect(seen!.env).toContain('container=podman')
    expect(await engine.peek!('f'.repeat(64))).toBe(undefined)
    expect(await engine.peek!(`../../${id}`)).toBe(undefined)
    for (const one of engines) one.close()
  })

  test('announces a container that exits at once, and knows its image after its removal', async () => {
    const engines = openEngines({ podman: [podman.socket], docker: [], cri: [] }).system
    const engine = engines.find(({ kind }) => kind === 'podman')!
    const name = `falc-brief-${process.pid}`
    const told = await watching(engine, name, () =>
      podman.do('run', '--rm', '--network', 'none', '--name', name, '--label', 'tier=back', podman.image, 'true'),
    )
    expect(told).toMatchObject({
      type: 11,
      name,
      image: podman.image,
      imagetag: 'v1',
      labels: { team: 'blue', tier: 'back' },
    })
    await expect(engine.inspect(told!.full_id, patient())).rejects.toMatchObject({
      reason: 'not-found',
    })
    const whole = await engine.withImage!(told!, patient())
    expect(whole.imageid).toMatch(/^[0-9a-f]{64}$/)
    expect(whole.imagedigest).toMatch(/^sha256:[0-9a-f]{64}$/)
    for (const one of engines) one.close()
  })

  test('a look-up of a container that does not exist fails as not-found', async () => {
    const engines = openEngines({ podman: [podman.socket], docker: [], cri: [] })
    const wanted = { fullId: 'f'.repeat(64), runtime: 'podman', owner: null }
    const outcome = await new Promise(resolve => {
      const lookups = new Lookups(engines, (_, found, why) => resolve({ found, why, counts: lookups.counts }), {
        attempts: 2,
      })
      lookups.start(wanted)
    })
    expect(outcome).toMatchObject({ found: null, why: 'not-found', counts: { found: 0, 'not-found': 1 } })
    engines.close()
  })
})
