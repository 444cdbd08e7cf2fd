/** Audit events that name pods: the metadata of these pods, from an API server (a strict stand-in). */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { FALC } from '../../../scripts/testing/command.ts'
import { skipped } from '../../../scripts/testing/needs.ts'
import { metadataRole } from '../../kubernetes/src/index.ts'
import { ApiServer } from '../../kubernetes/test/apiserver.ts'
import { natsServer } from '../../outputs/test/transports/nats.ts'
import { missing, missingModule } from '../../outputs/test/transports/peer.ts'
import { startFalc } from './process.ts'

const RULES = `
- rule: Exec into pod
  desc: d
  condition: ka.target.subresource = exec and ka.meta.deployment.name = web
  output: "%ka.user.name %ka.user.meta.pod.name in %ka.meta.pod.name of %ka.meta.deployment.name on %ka.meta.node.name (%ka.meta.svc.name)"
  priority: NOTICE
  source: k8s_audit
`
const exec = (name: string) => ({
  kind: 'Event',
  auditID: name,
  stage: 'ResponseComplete',
  verb: 'create',
  user: {
    username: 'system:serviceaccount:shop:bot',
    extra: { 'authentication.kubernetes.io/pod-name': ['bot-1'] },
  },
  objectRef: { resource: 'pods', subresource: 'exec', namespace: 'shop', name },
  stageTimestamp: '2026-03-17T11:41:07.000000Z',
})

describe.skipIf(skipped('peers', missingModule('kubernetes')))('audit events that name pods', () => {
  let server: ApiServer
  let folder: string
  const put = (kind: string, value: unknown) => server.tell(`put ${kind} ${JSON.stringify(value)}`)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'falc-audit-pods-'))
    server = await ApiServer.start()
    server.allow([metadataRole()])
    const owned = (kind: string, name: string, uid: string) => ({
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }],
    })
    await put('Deployment', { metadata: { name: 'web', namespace: 'shop', uid: 'd1' } })
    await put('ReplicaSet', {
      metadata: { name: 'web-1', namespace: 'shop', uid: 'r1', ...owned('Deployment', 'web', 'd1') },
    })
    await put('Service', { metadata: { name: 'front', namespace: 'shop' }, spec: { selector: { app: 'web' } } })
    const pod = (name: string, more: object) =>
      put('Pod', { metadata: { name, namespace: 'shop', ...more }, spec: { nodeName: 'far', containers: [] } })
    await pod('web-1-x', { labels: { app: 'web' }, ...owned('ReplicaSet', 'web-1', 'r1') })
    await pod('bot-1', {})
    writeFileSync(join(folder, 'rules.yaml'), RULES)
    writeFileSync(
      join(folder, 'audit.log'),
      ['web-1-x', 'other'].map(name => `${JSON.stringify(exec(name))}\n`).join(''),
    )
    writeFileSync(
      join(folder, 'falco.yaml'),
      JSON.stringify({
        rules_files: [join(folder, 'rules.yaml')],
        engine: { kind: 'nodriver' },
        stdout_output: { enabled: true },
      }),
    )
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true })
  })

  const falc = (...args: string[]) => promisify(execFile)(FALC[0]!, [...FALC.slice(1), ...args], { cwd: folder })

  test('all pods of the cluster are known before the first event', async () => {
    const { stdout, stderr } = await falc(
      ...['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.log', '--k8s-meta', server.kubeconfig],
    )
    expect(stdout.split('\n').filter(line => line.includes('Notice'))).toEqual([
      expect.stringMatching(/: Notice system:serviceaccount:shop:bot bot-1 in web-1-x of web on far \(\(front\)\)$/),
    ])
    expect(stderr).toMatch(/cluster lists: 10/)
  })

  test('falc doctor names the rules whose fields are absent without metadata', async () => {
    const doctor = falc('doctor', '-c', 'falco.yaml').catch(error => error)
    expect((await doctor).stdout).toMatch(/Kubernetes metadata.*1 rule \(Exec into pod\) read fields that are absent/)
  })

  test.skipIf(skipped('peers', missing('nats-server')))('metadata also comes from a collector, over NATS', async () => {
    const nats = await natsServer()
    onTestFinished(() => nats.daemon.stop())
    const k8smeta = { name: 'k8smeta', init_config: { nodeName: 'far', kubeconfig: server.kubeconfig } }
    const plugin = (init_config: object) => ['-o', `plugins[0]=${JSON.stringify({ ...k8smeta, init_config })}`]
    const shared = { nodeName: 'far', nats: { url: [nats.url] } }
    const collector = startFalc(
      ['collector', '-c', 'falco.yaml', ...plugin({ ...shared, kubeconfig: server.kubeconfig })],
      folder,
    )
    onTestFinished(() => void collector.child.kill('SIGKILL'))
    await collector.sees('go to the bucket falc-metadata')
    const { stdout, stderr } = await falc(...['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.log', ...plugin(shared)])
    expect(stdout).toMatch(/: Notice system:serviceaccount:shop:bot bot-1 in web-1-x of web on far/)
    expect(stderr).toMatch(/cluster pods: 2/)
    collector.child.kill('SIGTERM')
    expect(await collector.exit).toBe(0)
    expect(collector.output.stderr).toMatch(/Collector: 2 pods; written 2/)
  })
})
