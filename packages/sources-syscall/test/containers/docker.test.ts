/** Against docker itself. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { compileOutput } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../../scripts/testing/port.ts'
import { patient, until } from '../../../../scripts/testing/wait.ts'
import { containerEvent } from '../../src/containers/container-event.ts'
import type { Engine } from '../../src/containers/engine.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { SyscallEvent } from '../../src/event.ts'
import { eventOf, processOf, wordsOf } from '../../src/scene/notation.ts'
import { syscall } from '../../src/source.ts'
import { SyscallState } from '../../src/state/state.ts'
import { Docker, missing } from './docker.ts'
import { cgroupOf, watching } from './watching.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('docker', () => {
  let docker: Docker
  let engine: Engine
  beforeAll(async () => {
    docker = await Docker.start()
    engine = openEngines({ docker: [docker.socket], podman: [], cri: [] }).system[0]!
  })
  afterAll(async () => {
    engine.close()
    await docker.stop()
  })

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

  test('announces a container that exits at once, and knows its image after its removal', async () => {
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

  test('fields of a process in a swarm service name its service, task and node', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const hadBridge = existsSync('/sys/class/net/docker_gwbridge')
    const node = JSON.parse(
      await docker.ask('POST', '/swarm/init', JSON.stringify({ ListenAddr: address, AdvertiseAddr: address })),
    )
    onTestFinished(async () => {
      await docker.ask('POST', '/swarm/leave?force=1')
      // The bridge of a swarm outlives it.
      if (!hadBridge) spawnSync('ip', ['link', 'del', 'docker_gwbridge'])
    })
    const spec = {
      Name: 'shop_web',
      TaskTemplate: {
        ContainerSpec: {
          Image: docker.image,
          Command: ['sleep', '60'],
          Labels: {
            'com.docker.stack.namespace': 'shop',
            'com.docker.compose.project': 'dev',
            'com.docker.compose.service': 'db',
          },
        },
      },
      Mode: { Replicated: { Replicas: 1 } },
    }
    const { ID: service } = JSON.parse(await docker.ask('POST', '/services/create', JSON.stringify(spec)))
    const filters = encodeURIComponent(JSON.stringify({ label: ['com.docker.swarm.service.name=shop_web'] }))
    const { Id: id, Labels } = await until('its container', async () => {
      const [found] = JSON.parse(await docker.ask('GET', `/containers/json?filters=${filters}`))
      return found
    })
    const told = containerEvent(JSON.stringify({ container: await engine.inspect(id, patient()) }), 1n)
    const { State } = JSON.parse(await docker.ask('GET', `/containers/${id}/json`))
    const state = new SyscallState()
    state.onProcess(processOf(wordsOf('thread 10 comm=sleep')))
    state.onTablesEnd()
    const happen = (event: SyscallEvent) => {
      event.tables = state.tables
      state.apply(event)
      return event
    }
    const event = new SyscallEvent()
    event.attach(told, new DataView(told.buffer), 0, told.length)
    happen(event)
    const groups = readFileSync(`/proc/${State.Pid}/cgroup`, 'utf8').match(/\/\S*/)![0]
    const words = wordsOf(`res=0 exe=/bin/sleep comm=sleep tid=20 pid=20 ptid=10 cgroups=cpu=${groups}`)
    const seen = happen(eventOf('execve', 20, 2n, words.values))
    const text = compileOutput(
      '%swarm.service.name %swarm.service.id %swarm.task.id %swarm.task.name %swarm.node.id %swarm.stack %compose.project %compose.service',
      syscall(),
    )
    const task = Labels['com.docker.swarm.task.id']
    expect(text(seen)).toBe(`shop_web ${service} ${task} shop_web.1.${task} ${node} shop dev db`)
  })

  test('a look-up of a container that does not exist fails as not-found', async () => {
    await expect(engine.inspect('f'.repeat(64), patient())).rejects.toMatchObject({
      reason: 'not-found',
    })
  })
})
