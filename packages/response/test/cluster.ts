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
      outcomes: () =>
        journalOf(path).flatMap(line => /^(?:answered|undone) (\w+) .*: (\w+)$/.exec(line)?.slice(1).join(' ') ?? []),
    }
  }
}
