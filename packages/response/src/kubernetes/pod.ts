/** One pod: deletes it, reads its logs, creates an event about it. */
import { pathOf } from '@falc/kubernetes'
import type { Answer } from '../model/call.ts'
import { answerOf } from './answer.ts'
import { notRead, read, type VerbContext } from './object.ts'

export async function remove({ client, object, with: { grace }, dry, signal }: VerbContext): Promise<Answer> {
  const found = await read(client, object, signal)
  if ('outcome' in found) return found
  const body = {
    ...{ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: object.uid } },
    ...(typeof grace === 'number' && { gracePeriodSeconds: grace }),
  }
  return answerOf(await client.write({ method: 'DELETE', path: pathOf(object), body }, dry, signal))
}

export async function logs({ client, object, with: { lines, container }, signal }: VerbContext): Promise<Answer> {
  const found = await read(client, object, signal)
  if ('outcome' in found) return found
  const query = {
    tailLines: String(lines),
    limitBytes: String(64 * 1024),
    ...(typeof container === 'string' && { container }),
  }
  const answer = await client.get(pathOf(object, 'log'), signal, query)
  if (answer.status !== 200) return notRead(answer)
  return { outcome: 'done', said: `${lines} lines`, data: { log: answer.text ?? '' } }
}

/** Bytes of an event's message. */
const MAX_NOTE = 1024

/** The beginning of a text, of at most as many bytes, which ends with a whole character. */
const begin = (text: string, bytes: number) =>
  new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true })

export async function event({
  client,
  object,
  with: { note, reason },
  dry,
  signal,
  alert,
}: VerbContext): Promise<Answer> {
  const { namespace = 'default', uid, name } = object
  const body = {
    ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { generateName: 'falc-', namespace } },
    eventTime: new Date(Number(alert.time / 1_000_000n)).toISOString().replace('Z', '000Z'),
    ...{ reportingController: 'falc.dev/respond', reportingInstance: 'falc', action: 'Alert', reason, type: 'Warning' },
    note: begin(String(note), MAX_NOTE),
    regarding: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid },
  }
  const path = pathOf({ group: 'events.k8s.io', version: 'v1', resource: 'events', namespace, name: '' })
  return answerOf(await client.write({ method: 'POST', path, body }, dry, signal))
}
