import { expect } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { type AuditLogOptions, type AuditProblem, openAuditLog } from '../src/index.ts'

export const line = (id: string): string => `{"kind":"Event","auditID":"${id}"}\n`

/** Follows a log in the background. */
export function follow(path: string, options: AuditLogOptions = {}) {
  const stop = new AbortController()
  const problems: string[] = []
  const onProblem = ({ cause, message }: AuditProblem) => problems.push(`${cause}: ${message}`)
  const log = openAuditLog(path, { follow: true, pollMs: 5, signal: stop.signal, onProblem, ...options })
  const ids: unknown[] = []
  const done = (async () => {
    for await (const event of log) ids.push(event.root.auditID)
  })()
  return {
    ids,
    problems,
    stats: log.stats,
    sees: (...expected: string[]) => eventually(() => expect(ids).toEqual(expected)),
    async stop() {
      stop.abort()
      await done
    },
  }
}
