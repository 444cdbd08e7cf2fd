/**
 * Pods whose containers exit at once, on this machine: their cgroups are named as by the kubelet, a strict stand-in for the
 * API server knows the pods, and no container engine is queried.
 */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { metadataRole } from '../../kubernetes/src/index.ts'
import { ApiServer } from '../../kubernetes/test/apiserver.ts'
import { missingModule } from '../../outputs/test/transports/peer.ts'
import { missing as noPodman, Podman } from '../../sources-syscall/test/containers/podman.ts'
import { missing as noLive } from '../../sources-syscall/test/live/machine.ts'
import { startFalc } from './process.ts'

const PODS = 20
/** Milliseconds that an alert waits for the metadata of its pod: enough for a busy machine. */
const HOLD = 60_000
/** The cgroup of a pod; podman does not remove it. */
const groupOf = (uid: string) => `/kubepods/burstable/pod${uid}`
/** A path that no other test's container opens. The file does not exist: an attempt to open it is enough. */
const FILE = `/etc/falc-pod-${process.pid}`
const RULES = `
- macro: act
  condition: (evt.type in (open, openat) and fd.name = ${FILE} and container.id != host)
- rule: act
  desc: d
  condition: act and k8s.deployment.name = web
  output: "%k8s.pod.name of %k8s.ns.name (%k8s.ns.label[team]), %k8s.deployment.name, %k8s.svc.name, %k8smeta.rs.name, %k8s.pod.ip"
  priority: NOTICE
- rule: act of nobody
  desc: d
  condition: act and not k8s.deployment.name exists
  output: "it was not known yet"
  priority: NOTICE
`
const without = noLive() ?? noPodman() ?? skipped('peers', missingModule('kubernetes'))

describe.skipIf(without !== undefined)('pods that exit at once', () => {
  let server: ApiServer
  let podman: Podman
  let folder: string
  const uids = Array.from({ length: PODS }, () => randomUUID())
  const put = (kind: string, value: unknown) => server.tell(`put ${kind} ${JSON.stringify(value)}`)
  const owner = (kind: string, name: string, uid: string) => ({
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }],
  })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'falc-pods-'))
    server = await ApiServer.start()
    server.allow([metadataRole()])
    await put('Namespace', { metadata: { name: 'shop', labels: { team: 'blue' } } })
    await put('Deployment', { metadata: { name: 'web', namespace: 'shop', uid: 'd1' } })
    const metadata = { name: 'web-1', namespace: 'shop', uid: 'r1', ...owner('Deployment', 'web', 'd1') }
    await put('ReplicaSet', { metadata })
    await put('Service', { metadata: { name: 'front', namespace: 'shop' }, spec: { selector: { app: 'web' } } })
    podman = await Podman.start()
  })
  afterAll(async () => {
    await podman?.stop()
    await server?.stop()
    rmSync(folder, { recursive: true })
    const own = uids.flatMap(uid => ['-o', '-path', `*${groupOf(uid)}*`]).slice(1)
    // A container's cleanup process stays in its cgroup until it exits, and other cgroups vanish while find reads them.
    await eventually(() =>
      execFileSync('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '(', ...own, ')', '-delete']),
    )
  })

  test(`the alert of each of ${PODS} pods has its pod, namespace, deployment and service`, async () => {
    const rules = join(folder, 'rules.yaml')
    writeFileSync(rules, RULES)
    const none = Object.fromEntries(['podman', 'docker', 'cri'].map(name => [name, { sockets: [] }]))
    const plugins = [
      { name: 'container', init_config: { hold_ms: HOLD, engines: none } },
      { name: 'k8smeta', init_config: { nodeName: 'here', kubeconfig: server.kubeconfig } },
    ].flatMap((plugin, i) => ['-o', `plugins[${i}]=${JSON.stringify(plugin)}`])
    const falc = startFalc(['run', '-r', rules, ...plugins], folder)
    await falc.sees('Opening event source')
    const name = (i: number) => `web-1-${String(i).padStart(2, '0')}`
    for (const [i, uid] of uids.entries()) {
      const pod = put('Pod', {
        metadata: {
          name: name(i),
          namespace: 'shop',
          uid,
          labels: { app: 'web' },
          ...owner('ReplicaSet', 'web-1', 'r1'),
        },
        spec: { nodeName: 'here', containers: [] },
        status: { podIP: `10.0.0.${i}` },
      })
      const options = ['--rm', '--network', 'none', '--cgroup-parent', groupOf(uid)]
      // It fails, since there is no such file.
      await podman.do('--cgroup-manager', 'cgroupfs', 'run', ...options, podman.image, 'cat', FILE).catch(() => {})
      await pod
      await server.tell(`remove Pod shop ${name(i)}`)
    }
    const alerts = () => falc.output.stdout.split('\n').filter(line => line.includes('Notice'))
    await until('all alerts', () => alerts().length >= PODS)
    falc.child.kill('SIGINT')
    await falc.exit
    const said = alerts().map(line => line.replace(/^.*Notice /, ''))
    // Each alert waits for its own pod, so a later one may be printed first.
    expect(said.sort()).toEqual(
      Array.from({ length: PODS }, (_, i) => `${name(i)} of shop (blue), web, front, web-1, 10.0.0.${i}`),
    )
    expect(falc.output.stderr).toContain(`pods found: ${PODS}`)
  })
})
