/** Against containerd itself: pods through the container runtime interface, containers of ctr through its own API. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patient } from '../../../../scripts/testing/wait.ts'
import { watchEvents } from '../../src/containers/cri-events.ts'
import type { Engine, Watcher } from '../../src/containers/engine.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { GrpcClient } from '../../src/containers/grpc.ts'
import { Containerd, missing } from './containerd.ts'
import { cgroupOf, watching } from './watching.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('containerd', () => {
  let containerd: Containerd
  let engine: Engine
  let pod: string
  let id: string
  beforeAll(async () => {
    containerd = await Containerd.start()
    engine = openEngines({ docker: [], podman: [], cri: [containerd.socket] }).system[0]!
    pod = await containerd.runPod('web-1', 'shop', { app: 'web' })
    id = await containerd.create(pod, 'front', {
      args: ['sleep', '60'],
      labels: { tier: 'front' },
      mount: ['/usr', '/host/usr'],
      privileged: true,
    })
    await containerd.cri('StartContainer', `1="${id}"`)
  })
  afterAll(async () => {
    engine.close()
    await containerd.stop()
  })

  test('describes a container of a pod', async () => {
    expect(await engine.inspect(id, patient())).toMatchObject({
      type: 7,
      id: id.slice(0, 12),
      full_id: id,
      name: 'front',
      image: 'localhost/falc-test:v1',
      imagerepo: 'localhost/falc-test',
      imagetag: 'v1',
      imagedigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      imageid: expect.stringMatching(/^[0-9a-f]{64}$/),
      privileged: true,
      host_network: true,
      host_pid: false,
      is_pod_sandbox: false,
      pod_sandbox_id: pod,
      pod_sandbox_labels: { app: 'web' },
      labels: {
        tier: 'front',
        'io.kubernetes.pod.name': 'web-1',
        'io.kubernetes.pod.namespace': 'shop',
        'io.kubernetes.pod.uid': 'uid-of-web-1',
        'io.kubernetes.sandbox.id': pod,
      },
      Mounts: [{ Source: '/usr', Destination: '/host/usr', RW: false, Propagation: 'private' }],
    })
  })

  test("describes the pod's sandbox", async () => {
    expect(await engine.inspect(pod, patient())).toMatchObject({
      type: 7,
      full_id: pod,
      name: 'web-1',
      imagerepo: 'localhost/falc-test',
      is_pod_sandbox: true,
      pod_sandbox_id: pod,
      labels: { app: 'web', 'io.kubernetes.pod.namespace': 'shop' },
    })
  })

  test('a container is identified by the control groups of its processes', async () => {
    const listed = await containerd.ctr('-n', 'k8s.io', 'tasks', 'ls')
    const pid = new RegExp(`${id}\\s+(\\d+)`).exec(listed)![1]!
    expect(cgroupOf(pid)).toMatchObject({ id: id.slice(0, 12), fullId: id })
  })

  test('announces a container before it starts', async () => {
    let made = ''
    const told = await watching(engine, 'brief', async () => {
      made = await containerd.create(pod, 'brief', { args: ['true'], labels: { tier: 'back' } })
    })
    expect(told).toMatchObject({
      type: 7,
      full_id: made,
      name: 'brief',
      image: 'localhost/falc-test:v1',
      imagetag: 'v1',
      privileged: false,
      pod_sandbox_id: pod,
      labels: { tier: 'back', 'io.kubernetes.pod.name': 'web-1', 'io.kubernetes.pod.namespace': 'shop' },
    })
    // It joins the pod's network; its record does not say whether that is the host's.
    expect(told).not.toHaveProperty('host_network')
  })

  test('events of the container runtime interface describe a container as a look-up does', async () => {
    const client = new GrpcClient(containerd.socket)
    const watch = (watcher: Watcher, signal: AbortSignal) => watchEvents(client, 100, watcher, signal, 7)
    let made = ''
    const told = await watching({ watch }, 'events', async () => {
      made = await containerd.create(pod, 'events', { args: ['true'], labels: { tier: 'back' } })
    })
    const { env: _, privileged: __, cni_json: ___, ...known } = await engine.inspect(made, patient())
    expect(told).toEqual({ ...known, imageid: told!.imageid })
    client.close()
  })

  test('describes and announces a container that ctr runs', async () => {
    const name = `ctr-${process.pid}`
    const args = ['--snapshotter', 'native', '--runtime', 'io.containerd.runc.v2', '--net-host', '--label', 'tier=side']
    const told = await watching(engine, name, () =>
      containerd.ctr('-n', 'default', 'run', '-d', ...args, containerd.image, name, 'sleep', '60'),
    )
    const expected = {
      type: 7,
      full_id: name,
      name,
      imagerepo: 'localhost/falc-test',
      imagetag: 'v1',
      imagedigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      host_network: true,
      host_pid: false,
      privileged: false,
      pod_sandbox_id: '',
      labels: { team: 'blue', tier: 'side' },
    }
    expect(told).toMatchObject(expected)
    expect(await engine.inspect(name, patient())).toMatchObject(expected)
    const pid = /\s(\d+)\s/.exec(await containerd.ctr('-n', 'default', 'tasks', 'ls'))![1]!
    expect(cgroupOf(pid)).toEqual({ id: name.slice(0, 12), fullId: name, runtime: 'containerd' })
    await containerd.ctr('-n', 'default', 'tasks', 'rm', '-f', name)
  })

  test('a look-up of a container that does not exist fails as not-found', async () => {
    await expect(engine.inspect('f'.repeat(64), patient())).rejects.toMatchObject({
      reason: 'not-found',
    })
  })
})
