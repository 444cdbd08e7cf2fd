/** Actions on Kubernetes, against a strict stand-in for its API server (apiserver.py), which Kubernetes' own client for Python works with. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import { KubeClient } from '@falc/kubernetes'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { ApiServer } from '../../kubernetes/test/apiserver.ts'
import { missingModule } from '../../outputs/test/transports/peer.ts'
import { ACTIONS, loadPlaybooks, type Role, rolesOf } from '../src/index.ts'
import { about, fill, responding, steps } from './cluster.ts'

describe.skipIf(skipped('peers', missingModule('kubernetes')))('Kubernetes', () => {
  let server: ApiServer
  let client: KubeClient
  let respond: ReturnType<typeof responding>
  const tell = (command: string) => server.tell(command)
  const get = (kind: string, name: string, namespace = 'shop') => tell(`get ${kind} ${namespace} ${name}`)
  const put = (kind: string, value: unknown) => tell(`put ${kind} ${JSON.stringify(value)}`)

  beforeAll(async () => {
    server = await ApiServer.start()
    client = new KubeClient({ server: server.url, token: { file: server.token } })
    respond = responding(server, client)
  })
  afterAll(async () => {
    client.close()
    await server.stop()
  })

  let uid: string
  beforeEach(async () => {
    uid = await fill(server)
  })

  const NAMED: readonly (readonly [string, string, (now: () => Promise<any>) => Promise<unknown>, unknown])[] = [
    [
      'label_pod',
      '{ labels: { falc.dev/suspect: "true", tier: "" } }',
      async () => (await get('Pod', 'web-0')).metadata.labels,
      { app: 'web', 'falc.dev/suspect': 'true' },
    ],
    [
      'annotate_pod',
      '{ annotations: { falc.dev/rule: "%alert.rule" } }',
      async () => (await get('Pod', 'web-0')).metadata.annotations,
      { 'falc.dev/rule': 'Shell' },
    ],
    ['pod_logs', '{ lines: 5 }', async () => (await get('Pod', 'web-0')).metadata.name, 'web-0'],
    ['pod_event', '{}', async () => (await tell('list Event')).length > 0, true],
    ['isolate_pod', '{}', async () => (await get('Pod', 'web-0')).metadata.labels, 'QUARANTINE'],
    ['evict_pod', '{ grace: 5 }', () => get('Pod', 'web-0'), null],
    ['delete_pod', '{ grace: 5 }', () => get('Pod', 'web-0'), null],
    ['cordon_node', '{}', async () => (await get('Node', 'node-1', '-')).spec, { unschedulable: true }],
    [
      'taint_node',
      '{}',
      async () => (await get('Node', 'node-1', '-')).spec,
      { taints: [{ key: 'falc.dev/suspect', value: 'true', effect: 'NoSchedule' }] },
    ],
    [
      'drain_node',
      '{}',
      async () => [(await get('Node', 'node-1', '-')).spec, await get('Pod', 'web-0')],
      [{ unschedulable: true }, null],
    ],
    ['checkpoint_container', '{}', async () => (await get('Pod', 'web-0')).metadata.name, 'web-0'],
    [
      'debug_container',
      '{ image: tools, command: [collect, "%alert.rule; id"] }',
      async () =>
        (await get('Pod', 'web-0')).spec.ephemeralContainers?.map(({ name: _, ...more }: { name: string }) => more),
      [
        {
          image: 'tools',
          command: ['collect', 'Shell; id'],
          targetContainerName: 'web',
          terminationMessagePolicy: 'File',
        },
      ],
    ],
    [
      'exec_in_container',
      '{ command: [args, "%alert.rule; $(id)"] }',
      async () => (await tell('executed')).length > 0,
      true,
    ],
    ['scale_workload', '{ replicas: 0 }', async () => (await get('Deployment', 'web')).spec, { replicas: 0 }],
  ]

  test.each(NAMED)(
    '%s %s: works with its own role, changes nothing in a dry run, and is refused without a role',
    async (name, params, state, expected) => {
      const before = await state(async () => undefined)
      const dry = await respond(`[{ ${name}: ${params} }]`, about(uid), { mode: 'dry-run' })
      await dry.open.close()
      expect(dry.outcomes()).toEqual([`${name} done`])
      if (name !== 'pod_event') expect(await state(async () => undefined)).toEqual(before)
      const denied = await respond(`[{ ${name}: ${params} }]`, about(uid), { granted: [] })
      await denied.open.close()
      expect(denied.outcomes()).toEqual([`${name} refused`])

      const { open, outcomes } = await respond(`[{ ${name}: ${params} }]`, about(uid))
      await open.close()
      expect(outcomes()).toEqual([`${name} done`])
      expect(await state(async () => undefined)).toEqual(
        expected === 'QUARANTINE' ? { 'falc.dev/quarantine': uid } : expected,
      )
    },
  )

  test('every action on Kubernetes has a case here', () => {
    const named = [...NAMED.map(([name]) => name), 'suspend_cronjob', 'revoke_binding']
    expect(
      ACTIONS.filter(({ asks }) => asks)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(named.sort())
  })

  test.each([
    ['isolate_pod: { for: 1h }'],
    ['cordon_node: { for: 1h }'],
    ['taint_node: { for: 1h }'],
    ['scale_workload: { replicas: 1, for: 1h }'],
  ])('%s: undoing it restores the state before', async step => {
    const all = async () => {
      const [pod, node, deployment] = [
        await get('Pod', 'web-0'),
        await get('Node', 'node-1', '-'),
        await get('Deployment', 'web'),
      ]
      return {
        labels: pod.metadata.labels,
        taints: node.spec.taints ?? [],
        cordoned: node.spec.unschedulable ?? false,
        replicas: deployment.spec.replicas,
        policies: await tell('list NetworkPolicy'),
      }
    }
    const before = await all()
    const { open, outcomes } = await respond(`[{ ${step} }]`, about(uid))
    expect(await all()).not.toEqual(before)
    const [run] = open.undo.runs
    expect(await open.undo.now(run!)).toBe(true)
    await open.close()
    expect(await all()).toEqual(before)
    expect(outcomes().map(line => line.split(' ')[1])).toEqual(['done', 'done'])
  })

  test('a CronJob is suspended through its pod, and resumed without it', async () => {
    const alert = about('aaaaaaaa-0000', { 'k8s.pod.name': 'nightly-1-x' })
    const { open } = await respond('[{ suspend_cronjob: { for: 1h } }]', alert)
    expect((await get('CronJob', 'nightly')).spec).toEqual({ suspend: true })
    await tell('remove Pod shop nightly-1-x')
    await open.undo.now(open.undo.runs[0]!)
    await open.close()
    expect((await get('CronJob', 'nightly')).spec).toEqual({ suspend: false })
  })

  const nodeAndReplicas = async () => {
    const { spec } = await get('Node', 'node-1', '-')
    const { replicas } = (await get('Deployment', 'web')).spec
    return { taints: spec.taints ?? [], cordoned: spec.unschedulable ?? false, replicas }
  }
  const AS_BEFORE = { taints: [], cordoned: false, replicas: 3 }

  test.each([
    ['cordon_node: { for: 1h }'],
    ['taint_node: { for: 1h }'],
    ['drain_node: { for: 1h }'],
    ['scale_workload: { replicas: 0, for: 1h }'],
  ])('%s: undoing it needs no pod', async step => {
    const { open, outcomes } = await respond(`[{ ${step} }]`, about(uid))
    if (await get('Pod', 'web-0')) await tell('remove Pod shop web-0')
    expect(await nodeAndReplicas()).not.toEqual(AS_BEFORE)
    await open.undo.now(open.undo.runs[0]!)
    await open.close()
    expect(await nodeAndReplicas()).toEqual(AS_BEFORE)
    expect(outcomes().map(line => line.split(' ')[1])).toEqual(['done', 'done'])
  })

  test('a node from which a pod cannot be evicted is uncordoned in time, too', async () => {
    const pod = await get('Pod', 'web-0')
    await put('Pod', { ...pod, metadata: { ...pod.metadata, annotations: { 'test/budget': 'yes' } } })
    const { open, outcomes } = await respond('[{ drain_node: { for: 1h } }]', about(uid))
    for (const run of open.undo.runs) await open.undo.now(run)
    await open.close()
    expect(outcomes()).toEqual(['drain_node failed', 'drain_node done'])
    expect(await nodeAndReplicas()).toEqual(AS_BEFORE)
  })

  test.each(
    ACTIONS.filter(({ asks, name }) => asks && name !== 'pod_event' && name !== 'revoke_binding').map(
      ({ name, example }) => [name, example],
    ),
  )('%s: another pod with the same name is left alone', async (name, example) => {
    const before = [await get('Pod', 'web-0'), await get('Node', 'node-1', '-'), await get('Deployment', 'web')]
    const { open, outcomes } = await respond(
      `[{ ${name}: ${example} }]`,
      about('00000000-dead', { 'proc.pid': 7, 'proc.vpid': 7 }),
    )
    await open.close()
    expect(outcomes()).toEqual([`${name} gone`])
    expect([await get('Pod', 'web-0'), await get('Node', 'node-1', '-'), await get('Deployment', 'web')]).toEqual(
      before,
    )
    expect(await tell('list NetworkPolicy')).not.toContain('falc-quarantine-00000000-dead')
  })

  test.each([
    ['a value that is not a valid label', '[{ label_pod: { labels: { who: "%proc.cmdline" } } }]', 'label_pod refused'],
    ['a pod behind a budget', '[{ evict_pod: }]', 'evict_pod failed'],
    ['a static pod', '[{ delete_pod: }]', 'delete_pod refused'],
    ['a node of the control plane', '[{ cordon_node: }]', 'cordon_node refused'],
    ['a NetworkPolicy of this name that is not falc’s', '[{ isolate_pod: }]', 'isolate_pod refused'],
  ])('%s: the action is not carried out', async (what, list, expected) => {
    const pod = await get('Pod', 'web-0')
    if (what.includes('budget'))
      await put('Pod', { ...pod, metadata: { ...pod.metadata, annotations: { 'test/budget': 'yes' } } })
    if (what.includes('static'))
      await put('Pod', { ...pod, metadata: { ...pod.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } } })
    if (what.includes('control'))
      await put('Node', {
        metadata: { name: 'node-1', labels: { 'node-role.kubernetes.io/control-plane': '' } },
        spec: {},
      })
    if (what.includes('Policy'))
      await put('NetworkPolicy', {
        metadata: { name: `falc-quarantine-${uid}`, namespace: 'shop' },
        spec: { podSelector: {} },
      })
    const { open, outcomes } = await respond(list, about(uid, { 'proc.cmdline': 'sh -c "$(id)"' }))
    await open.close()
    expect(outcomes()).toEqual([expected])
    expect((await get('Pod', 'web-0')).metadata.labels).toEqual({ app: 'web', tier: 'front' })
  })

  test('status 429 is retried, a renewed token is read again, and a server error is undecided', async () => {
    await tell('answer 429 2')
    const first = await respond('[{ label_pod: { labels: { a: b } } }]', about(uid))
    await first.open.close()
    expect(first.outcomes()).toEqual(['label_pod done'])
    writeFileSync(server.token, 'second\n')
    const second = await respond('[{ label_pod: { labels: { a: c } } }]', about(uid))
    await second.open.close()
    expect(second.outcomes()).toEqual(['label_pod done'])
    await tell('answer 500 1')
    const third = await respond('[{ delete_pod: }]', about(uid))
    await third.open.close()
    expect(third.outcomes()).toEqual(['delete_pod undecided'])
  })

  test('Kubernetes’ own client works with the stand-in, and the stand-in is strict with it', () => {
    server.allow([
      {
        kind: 'ClusterRole',
        metadata: { name: 'all' },
        rules: [
          {
            apiGroups: [''],
            resources: ['pods', 'pods/eviction', 'nodes'],
            verbs: ['get', 'list', 'watch', 'patch', 'create', 'delete'],
          },
        ],
      },
    ])
    const out = execFileSync('/usr/bin/python3', [join(import.meta.dirname, 'client.py'), server.url, server.token], {
      encoding: 'utf8',
    })
    expect(out).toBe("web True node-1\n200\n400\n400\n409\n200 200\n404 200\n200 404\n[('MODIFIED', 'yes')]\n")
  })
})

test('roles combine the rights of all actions: one for each namespace, and one for cluster objects', () => {
  const loaded = (list: string) =>
    loadPlaybooks([{ name: 'p', content: steps(list) }], { actions: ACTIONS, source: alerts() })
  const lines = (granted: readonly Role[]) =>
    granted.flatMap(({ kind, metadata, rules }) =>
      rules.map(rule =>
        [kind, metadata.namespace ?? '*', `${rule.apiGroups}/${rule.resources}`, rule.verbs.join()].join(' '),
      ),
    )
  expect(lines(rolesOf(loaded('[{ delete_pod: }, { label_pod: { labels: {} } }]'), []))).toEqual([
    'ClusterRole * /pods delete,get,patch',
  ])
  expect(lines(rolesOf(loaded('[{ taint_node: }, { isolate_pod: { for: 1h } }]'), ['shop', 'bank']))).toEqual([
    'ClusterRole * /nodes get,patch',
    'Role shop /pods get,patch',
    'Role shop networking.k8s.io/networkpolicies create,delete,get',
    'Role bank /pods get,patch',
    'Role bank networking.k8s.io/networkpolicies create,delete,get',
  ])
  expect(rolesOf(loaded('[{ kill_container: }]'), [])).toEqual([])
})
