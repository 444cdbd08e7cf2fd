/** Reads and changes one object, identified by UID and resource version. */
import { type KubeAnswer, type KubeClient, pathOf } from '@falc/kubernetes'
import type { Answer, Attempt, Data, KubeObject } from '../model/call.ts'
import { answerOf } from './answer.ts'

export interface VerbContext extends Attempt {
  readonly client: KubeClient
  readonly object: KubeObject
  readonly with: { readonly [key: string]: Data | undefined }
}

export interface Change {
  /** A merge patch. */
  readonly patch: Record<string, any>
  /** What an undo needs. */
  readonly data?: Answer['data']
}

/** How often an object that others write, too, is read again. */
export const ATTEMPTS = 5

/**
 * Reads an object, and writes it if it is still as it was read. It must be the one that is meant: another one of its name is left alone.
 * @param plan undefined: it is so already
 */
export async function change(
  { client, object, dry, signal }: Pick<VerbContext, 'client' | 'object' | 'dry' | 'signal'>,
  plan: (found: any) => Change | Answer | undefined,
): Promise<Answer> {
  const path = pathOf(object)
  for (let attempt = 1; ; attempt++) {
    const found = await read(client, object, signal)
    if ('outcome' in found) return found
    const planned = plan(found.object)
    if (planned === undefined) return { outcome: 'already', said: '' }
    if ('outcome' in planned) return planned
    const { patch, data } = planned
    const { uid, resourceVersion } = found.object.metadata
    const body = { ...patch, metadata: { ...patch.metadata, uid, resourceVersion } }
    const answer = await client.write(
      { method: 'PATCH', path, type: 'application/merge-patch+json', body },
      dry,
      signal,
    )
    // Another writer was faster.
    if (answer.status === 409 && attempt < ATTEMPTS) continue
    const changed = answerOfChange(answer)
    // What was not written is not undone.
    const isWritten = changed.outcome === 'done' || changed.outcome === 'undecided'
    return { ...changed, ...(isWritten && data && { data }) }
  }
}

/** The outcome of a write of what was read before: its UID is known, so a conflict is one with other writers. */
export function answerOfChange(answer: KubeAnswer): Answer {
  const { outcome, said } = answerOf(answer)
  return { outcome: answer.status === 409 ? 'failed' : outcome, said }
}

/** The object, if it is the one that is meant. */
export async function read(
  client: KubeClient,
  object: KubeObject,
  signal: AbortSignal,
): Promise<{ readonly object: any } | Answer> {
  const answer = await client.get(pathOf(object), signal)
  if (answer.problem !== undefined) return { outcome: 'failed', said: answer.problem }
  if (answer.status !== 200) return notRead(answer)
  const { uid, annotations = {} } = answer.body?.metadata ?? {}
  if (typeof uid !== 'string') return { outcome: 'failed', said: 'the answer is not that of an API server' }
  if (object.uid !== undefined && uid !== object.uid)
    return { outcome: 'gone', said: `the ${object.resource} of this name is another one now (${uid})` }
  // The kubelet's own: what is done to the mirror does nothing to the pod.
  if (annotations['kubernetes.io/config.mirror'] !== undefined)
    return { outcome: 'refused', said: 'it is a static pod of the node, which the API server only shows' }
  return { object: answer.body }
}

/** Nothing was written, so nothing is undecided. */
export function notRead(answer: KubeAnswer): Answer {
  const { outcome, said } = answerOf(answer)
  return { outcome: outcome === 'undecided' ? 'failed' : outcome, said }
}
