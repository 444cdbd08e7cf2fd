/** Bindings of roles, by name: an alert of an audit event has no UID. */
import { pathOf } from '@falc/kubernetes'
import type { Answer, Data } from '../model/call.ts'
import { answerOf } from './answer.ts'
import { read, type VerbContext } from './object.ts'

/** The maximum difference between the clocks of the API server and of the alert's sender, in milliseconds. */
const CLOCK = 1000

/** Deletes the binding that there was at the alert's time: a younger one of its name is another one. */
export async function revoke({ client, object, dry, signal, alert }: VerbContext): Promise<Answer> {
  const found = await read(client, object, signal)
  if ('outcome' in found) return found
  const { uid, creationTimestamp, labels, annotations } = found.object.metadata
  const made = Date.parse(creationTimestamp)
  if (!(made <= Number(alert.time / 1_000_000n) + CLOCK))
    return { outcome: 'gone', said: `the ${object.resource} of this name was made after the alert` }
  const { roleRef, subjects } = found.object
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
  const answer = answerOf(await client.write({ method: 'DELETE', path: pathOf(object), body }, dry, signal))
  const kept = { roleRef, subjects, labels, annotations } as { [key: string]: Data | undefined }
  if (answer.outcome === 'done')
    return { outcome: 'done', said: `${roleRef?.kind}/${roleRef?.name}`, data: { binding: kept } }
  // It may have been deleted: an undo needs to know what it was.
  return answer.outcome === 'undecided' ? { ...answer, data: { binding: kept } } : answer
}

/** Makes it again. Who may do that must have the rights that it gives, or the verb `bind`. */
export async function rebind({ client, object, with: { binding }, dry, signal }: VerbContext): Promise<Answer> {
  const { roleRef, subjects, labels, annotations } = binding as { readonly [key: string]: Data }
  const { group, version, name, namespace } = object
  const body = {
    ...{ apiVersion: `${group}/${version}`, kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding' },
    metadata: { name, labels, annotations, ...(namespace !== undefined && { namespace }) },
    ...{ roleRef, subjects },
  }
  const answer = await client.write({ method: 'POST', path: pathOf({ ...object, name: '' }), body }, dry, signal)
  if (answer.status === 409) return { outcome: 'already', said: 'there is one of this name again' }
  return answerOf(answer)
}
