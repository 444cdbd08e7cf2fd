import type { KubeAnswer } from '@falc/kubernetes'
import type { Answer } from '../model/call.ts'

/** The outcome of a write, from the API server's answer. */
export function answerOf({ status, body, problem }: KubeAnswer): Answer {
  if (problem !== undefined) return { outcome: 'undecided', said: problem }
  if (status < 300) return { outcome: 'done', said: '' }
  const said = `${status} ${body?.reason ?? ''}: ${String(body?.message ?? '').slice(0, 500)}`
  if (status === 404) return { outcome: 'gone', said }
  // A conflict about a UID: the object is another one.
  if (status === 409) return { outcome: 'gone', said }
  if (status === 401 || status === 403 || status === 422 || status === 400) return { outcome: 'refused', said }
  return { outcome: status >= 500 ? 'undecided' : 'failed', said }
}
