/** Sends signals through the helper `falc-signal`, which opens the process first and then checks its identity. */
import { execFile } from 'node:child_process'
import type { Answer, Outcome, Port, ProcessCall } from '../model/call.ts'

/** Exit codes of the helper (native/signal). */
const EXITS: Readonly<Record<number, Outcome>> = { 0: 'done', 3: 'gone', 4: 'refused', 5: 'refused', 6: 'refused' }

/** @param helper its path; undefined: it is not built */
export function processPort(helper: string | undefined): Port<ProcessCall> {
  return ({ signal, pid, started, before, tree, host }, { dry, signal: abort }) => {
    if (helper === undefined)
      return Promise.resolve({
        outcome: 'failed',
        said: 'falc-signal is missing: npm run build:native, or set FALC_SIGNAL',
      })
    const args = [
      ...(dry ? ['CHECK'] : [signal]),
      String(pid),
      ...['--before', before],
      ...(started === undefined ? [] : ['--started', started]),
      ...(tree ? ['--tree'] : []),
      ...(host ? ['--host'] : []),
    ]
    return new Promise<Answer>(resolve => {
      execFile(
        helper,
        args,
        { signal: abort, timeout: 30_000, maxBuffer: 1 << 20, env: {} },
        (error, stdout, stderr) => {
          const said = (stdout.trim() || stderr.trim()).replaceAll('\n', '; ')
          const { code } = (error ?? { code: 0 }) as { code?: number | string }
          if (typeof code === 'number')
            resolve({ outcome: EXITS[code] ?? 'failed', said: said || `falc-signal: exit code ${code}` })
          // It was not started, or killed in the middle.
          else
            resolve({
              outcome: code === 'ENOENT' || code === 'EACCES' ? 'failed' : 'undecided',
              said: said || error!.message,
            })
        },
      )
    })
  }
}
