/** The roles of playbooks are minimal: without any one of their verbs, something that an action does is refused. */
import { alerts } from '@falc/engine'
import { KubeClient } from '@falc/kubernetes'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { ApiServer } from '../../kubernetes/test/apiserver.ts'
import { missingModule } from '../../outputs/test/transports/peer.ts'
import { ACTIONS, alertOf, loadPlaybooks, type Role, rolesOf } from '../src/index.ts'
import { about, fill, responding, steps } from './cluster.ts'

type Case = readonly [
  params: string,
  pod?: readonly [name: string, uid: string] | 'rolebindings' | 'clusterrolebindings',
]

/** Cases of each action; several, where no single case needs all of the rights. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  label_pod: [['{ labels: { a: b } }']],
  annotate_pod: [['{ annotations: { a: b } }']],
  pod_logs: [['{ lines: 5 }']],
  pod_event: [['{}']],
  isolate_pod: [['{ for: 1h }']],
  evict_pod: [['{ grace: 5 }']],
  delete_pod: [['{ grace: 5 }']],
  cordon_node: [['{ for: 1h }']],
  taint_node: [['{ for: 1h }']],
  drain_node: [['{}']],
  checkpoint_container: [['{}']],
  debug_container: [['{ image: tools, command: [id] }']],
  exec_in_container: [['{ command: [args, x] }']],
  scale_workload: [['{ replicas: 0 }'], ['{ replicas: 0 }', ['db-0', 'bbbbbbbb-0000']]],
  suspend_cronjob: [['{}', ['nightly-1-x', 'aaaaaaaa-0000']]],
  revoke_binding: [
    ['{ for: 1h }', 'rolebindings'],
    ['{ for: 1h }', 'clusterrolebindings'],
  ],
}

describe.skipIf(skipped('peers', missingModule('kubernetes')))('rights', () => {
  let server: ApiServer
  let client: KubeClient
  beforeAll(async () => {
    server = await ApiServer.start()
    client = new KubeClient({ server: server.url, token: { file: server.token } })
  })
  afterAll(async () => {
    client.close()
    await server.stop()
  })

  /** The outcomes of an action and of its undo. */
  async function outcomes(action: string, [params, of]: Case, granted: readonly Role[]): Promise<string> {
    const uid = await fill(server)
    const subject = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' }
    for (const [kind, namespace] of [['RoleBinding', 'shop'], ['ClusterRoleBinding']]) {
      const metadata = { name: 'admins', ...(namespace && { namespace }) }
      await server.tell(`put ${kind} ${JSON.stringify({ metadata, roleRef, subjects: [subject] })}`)
    }
    const target = { 'ka.target.name': 'admins', 'ka.target.namespace': 'shop' }
    const alert =
      typeof of === 'string'
        ? alertOf({ rule: 'Shell', output_fields: { ...target, 'ka.target.resource': of } })
        : about(of?.[1] ?? uid, of && { 'k8s.pod.name': of[0] })
    const { open, outcomes } = await responding(server, client)(`[{ ${action}: ${params} }]`, alert, { granted })
    for (const run of open.undo.runs) await open.undo.now(run)
    await open.close()
    return outcomes().join()
  }

  const rolesFor = (action: string) => {
    const list = steps(`[{ ${action}: ${CASES[action]![0]![0]} }]`)
    return rolesOf(loadPlaybooks([{ name: 'p', content: list }], { actions: ACTIONS, source: alerts() }), ['shop'])
  }

  /** Verbs whose removal changes no outcome. */
  async function needless(action: string, roles: readonly Role[]): Promise<string[]> {
    const cases = CASES[action]!
    const whole: string[] = []
    for (const one of cases) whole.push(await outcomes(action, one, roles))
    for (const said of whole) expect(said).toMatch(/^\w+ done(,\w+ done)?$/)
    const found: string[] = []
    for (const [i, role] of roles.entries())
      for (const [j, rule] of role.rules.entries())
        for (const verb of rule.verbs) {
          const rules = role.rules.with(j, { ...rule, verbs: rule.verbs.filter(one => one !== verb) })
          const fewer = roles.with(i, { ...role, rules })
          let noticed = false
          for (const [k, one] of cases.entries()) noticed ||= (await outcomes(action, one, fewer)) !== whole[k]
          if (!noticed) found.push(`${role.kind} ${rule.apiGroups}/${rule.resources} ${verb}`)
        }
    return found
  }

  test.each(Object.keys(CASES))('%s: each verb of its role is needed', async action => {
    expect(await needless(action, rolesFor(action))).toEqual([])
  })

  test('a verb that is not needed is detected', async () => {
    const [role] = rolesFor('label_pod')
    const rules = role!.rules.map(rule => ({ ...rule, verbs: [...rule.verbs, 'list'] }))
    expect(await needless('label_pod', [{ ...role!, rules }])).toEqual(['Role /pods list'])
  })

  test('every action on Kubernetes has cases here', () => {
    expect(
      ACTIONS.filter(({ asks }) => asks)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(CASES).sort())
  })
})
