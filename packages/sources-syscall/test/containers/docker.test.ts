/** Against docker itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patient } from '../../../../scripts/testing/wait.ts'
import type { Engine } from '../../src/containers/engine.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { Docker, missing } from './docker.ts'
import { cgroupOf, watching } from './watching.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('docker', () => {
  let docker: Docker
  let engine: Engine
  beforeAll(async () => {
    docker = await Docker.start()
    engine = openEngines({ docker: [docker.socket], podman: [], cri: [] }).system[0]!
  }, 60_000)
  afterAll(async () => {
    engine.close()
    await docker.stop()
  }, 60_000)

  test('describes a container', async () => {
    const id = await docker.run('shop', {
      Cmd: ['sleep', '60'],
      Labels: { tier: 'front' },
      HostConfig: { Privileged: true, PidMode: 'host', IpcMode: 'host', Binds: ['/usr:/host/usr:ro'] },
    })
    const { State } = JSON.parse(await docker.ask('GET', `/containers/${id}/json`))
    expect(cgroupOf(State.Pid)).toEqual({ id: id.slice(0, 12), fullId: id, runtime: 'docker' })
    const found = await engine.inspect(id, patient())
    expect(found).toMatchObject({
      type: 0,
      id: id.slice(0, 12),
      full_id: id,
      name: 'shop',
      image: 'localhost/falc-test:v1',
      imagerepo: 'localhost/falc-test',
      imagetag: 'v1',
      privileged: true,
      host_pid: true,
      host_ipc: true,
      host_network: false,
      is_pod_sandbox: false,
      labels: { team: 'blue', tier: 'front' },
      Mounts: [{ Source: '/usr', Destination: '/host/usr', Mode: 'ro', RW: false, Propagation: 'rprivate' }],
    })
    expect(found.imageid).toMatch(/^[0-9a-f]{64}$/)
    expect(Math.abs(found.created_time! * 1000 - Date.now())).toBeLessThan(60_000)
  })

  test('describes a container of a pod, as the kubelet makes it', async () => {
    const names = { 'io.kubernetes.pod.name': 'web-1', 'io.kubernetes.pod.namespace': 'shop' }
    const pod = await docker.run('k8s_POD_web-1_shop_uid-7_0', {
      Cmd: ['sleep', '60'],
      Labels: { ...names, app: 'web' },
    })
    const id = await docker.run('k8s_front_web-1_shop_uid-7_0', {
      Cmd: ['sleep', '60'],
      Labels: { ...names, 'io.kubernetes.sandbox.id': pod },
      HostConfig: { NetworkMode: `container:${pod}` },
    })
    expect(await engine.inspect(id, patient())).toMatchObject({
      is_pod_sandbox: false,
      pod_sandbox_id: pod,
      pod_sandbox_labels: { team: 'blue', app: 'web' },
      labels: { 'io.kubernetes.pod.name': 'web-1', 'io.kubernetes.pod.namespace': 'shop' },
    })
    expect(await engine.inspect(pod, patient())).toMatchObject({ is_pod_sandbox: true })
  })

  test('announces a container that ends at once, and knows its image when it is gone', async () => {
    const told = await watching(engine, 'brief', () =>
      docker.run('brief', { Cmd: ['true'], Labels: { tier: 'back' }, HostConfig: { AutoRemove: true } }),
    )
    const brief = told!
    expect(brief).toMatchObject({
      type: 0,
      image: 'localhost/falc-test:v1',
      imagerepo: 'localhost/falc-test',
      imagetag: 'v1',
      labels: { team: 'blue', tier: 'back' },
    })
    expect(brief.labels).not.toHaveProperty('image')
    const whole = await engine.withImage!(brief, patient())
    expect(whole).toMatchObject({ name: 'brief', imagetag: 'v1', imageid: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })

  test('a container that there is not', async () => {
    await expect(engine.inspect('f'.repeat(64), patient())).rejects.toMatchObject({
      reason: 'not-found',
    })
  })
})
