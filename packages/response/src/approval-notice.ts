/** Requests approval of a step, by a notification with a link that is valid once. */
import { createHash, randomBytes } from 'node:crypto'
import { type AlertData, alertJson, type JsonOptions } from '@falc/engine'
import type { About, Entry, Waiting } from './journal/format.ts'
import type { OutputCall } from './model/call.ts'

export interface ApprovalNotice {
  /** The name of an output. */
  readonly output: string
  /** Where the console is. Without it, the command is named. */
  readonly url?: string
}

/** All of an alert that conditions and templates read: it is planned with again. */
export const WHOLE = { id: true, message: 'apart', absences: true } as const satisfies JsonOptions

/** The entry of a step that waits, and its notification. The journal has a hash of the link's token only. */
export function waitingEntry(
  about: About,
  alert: AlertData,
  what: Pick<Waiting, 'plan' | 'given' | 'expires'>,
  approvalNotice: ApprovalNotice | undefined,
): { entry: Extract<Entry, { kind: 'waiting' }>; call?: OutputCall & { says: string } } {
  const entry = { kind: 'waiting', ...about, ...what, full: alertJson(alert, WHOLE) } as const
  if (!approvalNotice) return { entry }
  const { output, url } = approvalNotice
  const token = randomBytes(32).toString('base64url')
  // After the #, the token appears in no server's log, and link previews do not send it.
  const how =
    url === undefined
      ? `falc respond approve ${about.run.slice(0, 8)}`
      : `${url.replace(/\/+$/, '')}/#/approvals?link=${token}`
  // The link comes first: the names and texts after it may be an attacker's and contain another link.
  const text = `Approve until ${what.expires}? ${how} | ${about.playbook}: ${what.plan.join('; ')} (${alert.output.slice(0, 500)})`
  return {
    entry: url === undefined ? entry : { ...entry, token: createHash('sha256').update(token).digest('hex') },
    call: { via: 'output', output, text, says: `ask ${output}` },
  }
}
