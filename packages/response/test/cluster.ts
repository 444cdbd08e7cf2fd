/** A responder and a stand-in for an API server, which gives it no more rights than its playbooks need. */
import { type AlertData, alerts } from '@falc/engine'
import type { KubeClient } from '@falc/kubernetes'
import type { ApiServer } from '../../kubernetes/test/apiserver.ts'
import { ACTIONS, alertOf, Journal, kubernetesPort, loadPlaybooks, type Role, rolesOf } from '../src/index.ts'
import { folder, journalOf, respondWith, World } from './machine.ts'

export const steps = (list: string, mode = 'enforce') =>
  `- playbook: p\n  when: alert.rule = Shell\n  mode: ${mode}\n  limits: { total: 100/1h }\n  steps: ${list}\n`

export const about = (uid: string, more: Record<string, unknown> = {}) =>
  alertOf({
    rule: 'Shell',
    hostname: 'web-1',
    output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-0', 'k8s.pod.uid': uid, ...more },
  })

export function responding(server: ApiServer, client: KubeClient) {
  /** With the rights that `falc respond rbac` prints for these playbooks, and no others. */
  return async (list: string, alert: AlertData, options: { mode?: string; granted?: readonly Role[] } = {}) => {
    const playbooks = steps(list, options.mode)
    const loaded = loadPlaybooks([{ name: 'p', content: playbooks }], { actions: ACTIONS, source: alerts() })
    server.allow(options.granted ?? rolesOf(loaded, ['shop']))
    const path = folder()
    const open = await respondWith(playbooks, new World(), {
      folder: path,
      ports: { kubernetes: kubernetesPort(client) },
    })
    await open.responder.take(alert)
    return {
      open,
      said: () => {
        const last = Journal.read(path).entries.at(-1)!
        return last.kind === 'answered' ? `${last.outcome}: ${last.answers[0]!.said}` : last.kind
      },
      data: () => {
        const last = Journal.read(path).entries.at(-1)!
        return last.kind === 'answered' ? last.answers[0]!.data : undefined
      },
      outcomes: () =>
        journalOf(path).flatMap(line => /^(?:answered|undone) (\w+) .*: (\w+)$/.exec(line)?.slice(1).join(' ') ?? []),
    }
  }
}

const owned = (kind: string, name: string, uid: string) => [{ apiVersion: 'v1', kind, name, uid, controller: true }]

/**
 * A node and pods of a Deployment, a StatefulSet and a CronJob.
 * @returns the UID of web-0, the Deployment's
 */
export async function fill(server: ApiServer): Promise<string> {
  const put = (kind: string, value: unknown) => server.tell(`put ${kind} ${JSON.stringify(value)}`)
  await put('Node', { metadata: { name: 'node-1' }, spec: {} })
  const cron = await put('CronJob', { metadata: { name: 'nightly', namespace: 'shop' }, spec: { suspend: false } })
  const job = await put('Job', {
    metadata: {
      name: 'nightly-1',
      namespace: 'shop',
      ownerReferences: owned('CronJob', 'nightly', cron.metadata.uid),
    },
  })
  await put('Pod', {
    metadata: {
      name: 'nightly-1-x',
      namespace: 'shop',
      uid: 'aaaaaaaa-0000',
      ownerReferences: owned('Job', 'nightly-1', job.metadata.uid),
    },
    spec: { containers: [{ name: 'x', image: 'x' }] },
  })
  const deployment = await put('Deployment', { metadata: { name: 'web', namespace: 'shop' }, spec: { replicas: 3 } })
  const set = await put('ReplicaSet', {
    metadata: {
      name: 'web-1',
      namespace: 'shop',
      ownerReferences: owned('Deployment', 'web', deployment.metadata.uid),
    },
  })
  const metadata = {
    name: 'web-0',
    namespace: 'shop',
    labels: { app: 'web', tier: 'front' },
    ownerReferences: owned('ReplicaSet', 'web-1', set.metadata.uid),
  }
  const stateful = await put('StatefulSet', { metadata: { name: 'db', namespace: 'shop' }, spec: { replicas: 3 } })
  await put('Pod', {
    metadata: {
      ...{ name: 'db-0', namespace: 'shop', uid: 'bbbbbbbb-0000' },
      ownerReferences: owned('StatefulSet', 'db', stateful.metadata.uid),
    },
    spec: { containers: [{ name: 'db', image: 'db' }] },
  })
  const { metadata: web } = await put('Pod', {
    metadata,
    spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'web' }] },
    status: { phase: 'Running' },
  })
  return web.uid
}
