/** Actions on the role bindings that an audit event names. */
import type { AlertData } from '@falc/engine'
import { type Action, defineAction, fieldOf, Refusal, type Target } from '../model/action.ts'
import type { Call, Data, KubeObject } from '../model/call.ts'

/** Names of bindings may have any characters but those of paths. */
const NAME = /^[^/%\0]{1,253}$/
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

const KINDS: Readonly<Record<string, string>> = {
  rolebindings: 'RoleBinding',
  clusterrolebindings: 'ClusterRoleBinding',
}

/** @throws {Refusal} */
function bindingOf(alert: AlertData): Target & { readonly object: KubeObject } {
  const resource = fieldOf(alert, 'ka.target.resource')
  const kind = Object.hasOwn(KINDS, resource) ? KINDS[resource] : undefined
  if (kind === undefined) throw new Refusal(`ka.target.resource is not a binding: ${resource.slice(0, 80)}`)
  const name = fieldOf(alert, 'ka.target.name')
  if (!NAME.test(name) || name === '.' || name === '..')
    throw new Refusal(`ka.target.name is not a valid name: ${name.slice(0, 80)}`)
  // What Kubernetes itself needs: without it, a cluster does not recover.
  if (name.startsWith('system:')) throw new Refusal(`${name} is of Kubernetes itself`)
  const namespace = resource === 'rolebindings' ? fieldOf(alert, 'ka.target.namespace') : undefined
  if (namespace !== undefined && !NAMESPACE.test(namespace))
    throw new Refusal(`ka.target.namespace is not a valid namespace: ${namespace.slice(0, 80)}`)
  const own = namespace === undefined ? {} : { namespace }
  const object = { group: 'rbac.authorization.k8s.io', version: 'v1', resource, name, ...own }
  const place = [namespace, name].filter(Boolean).join('/')
  return { kind: 'binding', uid: `${kind} ${place} @${alert.time}`, name: `${kind} ${place}`, ...own, object }
}

function call(alert: AlertData, does: string, says: string, more?: Record<string, Data>): Call {
  const { object, name } = bindingOf(alert)
  return { via: 'kubernetes', does, object, ...(more && { with: more }), says: `${says} ${name}` }
}

export const revokeBinding: Action = defineAction({
  name: 'revoke_binding',
  asks: ['revoke', 'rebind'],
  doc: 'Deletes the RoleBinding or ClusterRoleBinding that an audit event is about (`ka.target.*`). A binding that was created after the alert is left alone, and so are those of Kubernetes itself (`system:`). To undo this, the responder needs the rights that the binding grants.',
  example: '{ for: 4h }',
  params: { type: 'object', properties: {} },
  target: bindingOf,
  plan: ({ alert }) => [call(alert, 'revoke', 'delete')],
  undo: ({ alert, answers }) => {
    const binding = answers.find(one => one.binding !== undefined)?.binding
    return binding === undefined ? [] : [call(alert, 'rebind', 'make again', { binding })]
  },
})
