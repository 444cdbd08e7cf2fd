/** One container of a pod: runs a command in it, checkpoints it, or adds an ephemeral container for inspection. */
import { pathOf } from '@falc/kubernetes'
import type { Answer } from '../model/call.ts'
import { answerOf } from './answer.ts'
import { ATTEMPTS, answerOfChange, read, type VerbContext } from './object.ts'

/** The pod and the name of the container: the one that is named, or has the ID; without both, the only one. */
async function chosen({
  client,
  object,
  with: { container, id },
  signal,
}: VerbContext): Promise<{ readonly pod: any; readonly name: string } | Answer> {
  const found = await read(client, object, signal)
  if ('outcome' in found) return found
  const pod = found.object
  const names: string[] = (pod.spec?.containers ?? []).map((one: any) => one.name)
  if (typeof container === 'string')
    return names.includes(container)
      ? { pod, name: container }
      : { outcome: 'refused', said: `the pod has no container ${container}` }
  if (typeof id === 'string') {
    const statuses: any[] = pod.status?.containerStatuses ?? []
    const name = statuses.find(one => String(one.containerID).split('://')[1]?.startsWith(id))?.name
    return name === undefined ? { outcome: 'gone', said: `the pod has no container ${id} any more` } : { pod, name }
  }
  const [name] = names
  if (name !== undefined && names.length === 1) return { pod, name }
  return { outcome: 'refused', said: `the pod has ${names.length} containers, and the alert no container.id` }
}

/** The kubelet writes memory and files into an archive on the node. It is asked through the API server, and knows no dry run. */
export async function checkpoint(context: VerbContext): Promise<Answer> {
  const { client, object, dry, signal } = context
  const found = await chosen(context)
  if ('outcome' in found) return found
  const { nodeName } = found.pod.spec
  if (typeof nodeName !== 'string') return { outcome: 'gone', said: 'the pod is on no node' }
  if (dry) return { outcome: 'done', said: `${found.name}: not asked` }
  const place = [object.namespace!, object.name, found.name].map(encodeURIComponent).join('/')
  const path = pathOf({ group: '', version: 'v1', resource: 'nodes', name: nodeName }, `proxy/checkpoint/${place}`)
  const answer = await client.post(path, signal)
  if (answer.status === 404) return { outcome: 'failed', said: `the kubelet of ${nodeName} makes no checkpoints` }
  const files = Array.isArray(answer.body?.items) ? answer.body.items.map(String) : []
  return answer.status === 200
    ? { outcome: 'done', said: `${nodeName}: ${files.join(', ')}`, data: { files } }
    : answerOf(answer)
}

/** A container is added to the pod, and sees the processes of the one that is meant. It cannot be removed again. */
export async function debug(context: VerbContext): Promise<Answer> {
  const { client, object, dry, signal, alert } = context
  const { image, command } = context.with
  for (let attempt = 1; ; attempt++) {
    const found = await chosen(context)
    if ('outcome' in found) return found
    // The alert that comes again finds it.
    const name = `falc-debug-${alert.id.slice(0, 12)}`
    if (found.pod.spec.ephemeralContainers?.some((one: any) => one.name === name))
      return { outcome: 'already', said: name }
    const container = { name, image, command, targetContainerName: found.name, terminationMessagePolicy: 'File' }
    const { uid, resourceVersion } = found.pod.metadata
    const body = { metadata: { uid, resourceVersion }, spec: { ephemeralContainers: [container] } }
    const path = pathOf(object, 'ephemeralcontainers')
    const type = 'application/strategic-merge-patch+json'
    const answer = await client.write({ method: 'PATCH', path, type, body }, dry, signal)
    if (answer.status === 200) return { outcome: 'done', said: name, data: { container: name } }
    // The kubelet writes the pod's status, too.
    if (answer.status !== 409 || attempt >= ATTEMPTS) return answerOfChange(answer)
  }
}

/** A command in the container. Kubernetes takes no UID and no dry run with it: the pod is looked at before and afterwards. */
export async function execute(context: VerbContext): Promise<Answer> {
  const { client, object, dry, signal } = context
  const { command, timeout } = context.with
  const found = await chosen(context)
  if ('outcome' in found) return found
  if (dry) return { outcome: 'done', said: `${found.name}: not run` }
  const end = AbortSignal.any([signal, AbortSignal.timeout(timeout as number)])
  const executed = await client.exec(pathOf(object, 'exec'), found.name, command as string[], end)
  const { stdout, stderr, left, status, problem, refused } = executed
  if (refused) {
    const answer = answerOf(refused)
    return refused.status === 0 ? { outcome: 'failed', said: String(refused.body.message) } : answer
  }
  const data = { stdout, stderr, ...(left > 0 && { left }) }
  const wrote = (stdout + stderr).trim()
  const said = (text: string) => [text, wrote].filter(Boolean).join(': ')
  const now = await client.get(pathOf(object), signal)
  // Gone is well: then it was the one that was looked at.
  if (now.status === 200 && now.body?.metadata?.uid !== object.uid)
    return {
      outcome: 'undecided',
      said: said('the pod was replaced meanwhile: it is not known in which of the two it ran'),
      data,
    }
  if (status === undefined) return { outcome: 'undecided', said: said(problem ?? 'no answer'), data }
  if (status.status === 'Success') return { outcome: 'done', said: wrote, data }
  const code = status.details?.causes?.find((cause: any) => cause.reason === 'ExitCode')?.message
  return { outcome: 'failed', said: said(code === undefined ? String(status.message) : `exit code ${code}`), data }
}
