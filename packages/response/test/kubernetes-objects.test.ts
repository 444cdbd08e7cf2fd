/** Actions on bindings, and on one of several containers. */
import { KubeClient } from '@falc/kubernetes'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { ApiServer } from '../../kubernetes/test/apiserver.ts'
import { missingModule } from '../../outputs/test/transports/peer.ts'
import { alertOf } from '../src/index.ts'
import { about, responding } from './cluster.ts'

describe.skipIf(skipped('peers', missingModule('kubernetes')))('Kubernetes', () => {
  let server: ApiServer
  let client: KubeClient
  let respond: ReturnType<typeof responding>
  let uid: string
  const get = (kind: string, name: string, namespace = 'shop') => server.tell(`get ${kind} ${namespace} ${name}`)
  const put = (kind: string, value: unknown) => server.tell(`put ${kind} ${JSON.stringify(value)}`)

  beforeAll(async () => {
    server = await ApiServer.start()
    client = new KubeClient({ server: server.url, token: { file: server.token } })
    respond = responding(server, client)
  })
  afterAll(async () => {
    client.close()
    await server.stop()
  })
  beforeEach(async () => {
    const spec = { nodeName: 'node-1', containers: [{ name: 'web', image: 'web' }] }
    uid = (await put('Pod', { metadata: { name: 'web-0', namespace: 'shop' }, spec })).metadata.uid
  })

  const BINDING = {
    metadata: { name: 'admins', namespace: 'shop', labels: { team: 'shop' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }],
  }
  const audited = (more: Record<string, unknown> = {}) =>
    alertOf({
      rule: 'Shell',
      output_fields: {
        ...{ 'ka.target.resource': 'rolebindings', 'ka.target.namespace': 'shop', 'ka.target.name': 'admins' },
        ...more,
      },
    })

  test('a binding is revoked and restored, and a dry run leaves it alone', async () => {
    await put('RoleBinding', BINDING)
    const dry = await respond('[{ revoke_binding: }]', audited(), { mode: 'dry-run' })
    await dry.open.close()
    expect(await get('RoleBinding', 'admins')).toMatchObject(BINDING)
    const { open, outcomes } = await respond('[{ revoke_binding: { for: 1h } }]', audited())
    expect(await get('RoleBinding', 'admins')).toBe(null)
    await open.undo.now(open.undo.runs[0]!)
    await open.close()
    expect(await get('RoleBinding', 'admins')).toMatchObject(BINDING)
    expect(outcomes()).toEqual(['revoke_binding done', 'revoke_binding done'])
  })

  test('a binding is restored even if the answer to its deletion was lost', async () => {
    await put('RoleBinding', BINDING)
    await server.tell('answer 500 1')
    const { open, outcomes } = await respond('[{ revoke_binding: { for: 1h } }]', audited())
    await server.tell('remove RoleBinding shop admins')
    await open.undo.now(open.undo.runs[0]!)
    await open.close()
    expect(outcomes()).toEqual(['revoke_binding undecided', 'revoke_binding done'])
    expect(await get('RoleBinding', 'admins')).toMatchObject(BINDING)
  })

  test.each([
    ['debug_container: { image: tools, command: [id] }', 1, 'done'],
    ['label_pod: { labels: { a: b } }', 5, 'failed'],
  ])('%s: after %s conflicts with another writer it is %s', async (step, conflicts, expected) => {
    await server.tell(`answer 409 ${conflicts}`)
    const { open, said } = await respond(`[{ ${step} }]`, about(uid))
    await open.close()
    expect(said()).toMatch(new RegExp(`^${expected}: `))
  })

  test('a log that looks like an object is kept as text', async () => {
    const pod = await get('Pod', 'web-0')
    const log = '{"text":"x"}\n'
    await put('Pod', { ...pod, metadata: { ...pod.metadata, annotations: { 'test/log': log } } })
    const { open, data } = await respond('[{ pod_logs: { lines: 1 } }]', about(uid))
    await open.close()
    expect(data()).toEqual({ log })
  })

  test('a long event has as many characters as fit into its bytes', async () => {
    const alert = about(uid, { 'proc.cmdline': 'é'.repeat(1000) })
    const { open, said } = await respond('[{ pod_event: { note: "%proc.cmdline" } }]', alert)
    await open.close()
    expect(said()).toBe('done: ')
  })

  test('a drain evicts more pods than one list has, and none of protected namespaces', async () => {
    await put('Node', { metadata: { name: 'node-1' }, spec: {} })
    const spec = { nodeName: 'node-1', containers: [{ name: 'x', image: 'x' }] }
    for (let i = 0; i < 500; i++) await put('Pod', { metadata: { name: `many-${i}`, namespace: 'shop' }, spec })
    await put('Pod', { metadata: { name: 'info', namespace: 'kube-public' }, spec })
    const { open, said } = await respond('[{ drain_node: }]', about(uid))
    await open.close()
    expect(said()).toBe('done: node-1: 501 of 501 pods')
    expect((await get('Pod', 'info', 'kube-public')).metadata.name).toBe('info')
  })

  test.each([
    ['a ClusterRoleBinding', { 'ka.target.resource': 'clusterrolebindings' }, ['revoke_binding done']],
    ['a binding of Kubernetes itself', { 'ka.target.name': 'system:node' }, []],
    ['an object that is not a binding', { 'ka.target.resource': 'secrets' }, []],
    ['a name with a path', { 'ka.target.name': '../../secrets/x' }, []],
    ['a binding that no longer exists', { 'ka.target.name': 'others' }, ['revoke_binding gone']],
    ['a binding created after the alert', { 'ka.target.name': 'younger' }, ['revoke_binding gone']],
  ])('revoking %s leaves other bindings alone', async (_, more: Readonly<Record<string, string>>, expected) => {
    await put('RoleBinding', BINDING)
    await put('ClusterRoleBinding', { ...BINDING, metadata: { name: 'admins' } })
    const creationTimestamp = '2026-02-01T00:00:00Z'
    await put('RoleBinding', { ...BINDING, metadata: { name: 'younger', namespace: 'shop', creationTimestamp } })
    const { open, outcomes } = await respond('[{ revoke_binding: }]', audited(more))
    await open.close()
    expect(outcomes()).toEqual(expected)
    expect((await get('RoleBinding', 'admins')).metadata.name).toBe('admins')
    expect(await get('ClusterRoleBinding', 'admins', '-')).toEqual(
      more['ka.target.resource'] === 'clusterrolebindings' ? null : expect.anything(),
    )
  })

  test.each([
    ['the one with the alert’s container.id', { 'container.id': 'aaaaaaaaaaaa' }, '{}', 'done: node-1: .*-side.tar'],
    ['the one named in the playbook', {}, '{ container: web }', 'done: node-1: .*-web.tar'],
    ['no name, and two containers', {}, '{}', 'refused: the pod has 2 containers'],
    ['one that is gone', { 'container.id': 'bbbbbbbbbbbb' }, '{}', 'gone: the pod has no container bbbbbbbbbbbb'],
    ['one that never existed', {}, '{ container: x }', 'refused: the pod has no container x'],
  ])('choosing one of several containers: %s', async (_, fields, params, expected) => {
    const pod = await get('Pod', 'web-0')
    const containers = [...pod.spec.containers, { name: 'side', image: 'side' }]
    const containerStatuses = [{ name: 'side', containerID: `cri-o://${'a'.repeat(64)}` }]
    await put('Pod', { ...pod, spec: { ...pod.spec, containers }, status: { containerStatuses } })
    const { open, said } = await respond(`[{ checkpoint_container: ${params} }]`, about(uid, fields))
    await open.close()
    expect(said()).toMatch(new RegExp(`^${expected}`))
  })
})
