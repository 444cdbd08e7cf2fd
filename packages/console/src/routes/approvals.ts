/** Steps of playbooks that wait for approval, by a user with the scope or by anyone with the token of a link. */
import { hashOf } from '../auth/tokens.ts'
import { badRequest, Refused } from '../failure.ts'
import type { Approval, Approvals, Word } from '../shapes/index.ts'
import { bodyOf, NAME, oneOf, text } from './body.ts'
import type { ServerContext, ServerRoute } from './route.ts'

const WORDS: readonly Word[] = ['approved', 'denied']

const shown = ({ run, playbook, action, target, plan, expires, alert }: Approval): Approval => ({
  ...{ run, playbook, action, plan, expires, alert },
  ...(target && { target }),
})

const list: ServerRoute = {
  ...{ inServer: true, method: 'GET', path: '/api/v1/approvals', scope: 'read', whole: true },
  summary: 'Steps of playbooks that wait for approval',
  parameters: {},
  async answer({ approvals }) {
    return JSON.stringify({ approvals: ((await approvals?.list()) ?? []).map(shown) } satisfies Approvals)
  },
}

const decide: ServerRoute = {
  ...{ inServer: true, method: 'POST', path: '/api/v1/approvals/{id}', scope: 'respond', whole: true, known: true },
  summary: 'Approves a step, or denies it',
  parameters: {},
  body: '`{"word": "approved"|"denied"}`',
  async answer({ approvals, id, body, who }) {
    const { word } = bodyOf<{ word?: Word }>(body, { word: oneOf(WORDS) })
    if (!word) throw badRequest('word is needed')
    const waiting = (await approvals?.list())?.find(({ run }) => run === id)
    if (!waiting) throw new Refused(404, 'approval', 'no step waits under this ID: it was answered, or its time is up')
    return answered(approvals!, waiting, word, `${who.name} in the console`)
  },
}

const byLink: ServerRoute = {
  ...{ inServer: true, method: 'POST', path: '/api/v1/approvals', scope: 'respond', open: true },
  summary: 'The step of a link, and a word about it: the token of the link allows it, once',
  parameters: {},
  body: '`{"token", "word": "approved"|"denied"}`; without a word: only shows it',
  async answer({ approvals, body }) {
    const { token, word } = bodyOf<{ token?: string; word?: Word }>(body, { token: text(NAME), word: oneOf(WORDS) })
    if (!token) throw badRequest('token is needed')
    const hash = hashOf(token)
    const waiting = (await approvals?.list())?.find(one => one.token === hash)
    if (!waiting) throw new Refused(404, 'link', 'this link is over: the step was answered, or its time is up')
    return word ? answered(approvals!, waiting, word, 'a link') : JSON.stringify(shown(waiting))
  },
}

function answered(
  approvals: NonNullable<ServerContext['approvals']>,
  waiting: Approval,
  word: Word,
  by: string,
): string {
  if (!approvals.answer(waiting.run, word, by)) throw new Refused(409, 'answered', 'it has been answered already')
  return JSON.stringify(shown(waiting))
}

export const APPROVALS: readonly ServerRoute[] = [list, decide, byLink]
