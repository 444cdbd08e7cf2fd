/** Entries of the journal as alerts of source `response`, so that outputs and the store receive what was done. */
import { type AlertData, alertId, isoTime, type Priority } from '@falc/engine'
import type { Outcome } from '../model/call.ts'
import type { Sealed } from './format.ts'

const PRIORITIES: Readonly<Record<Outcome, Priority>> = {
  done: 'Notice',
  already: 'Informational',
  gone: 'Informational',
  refused: 'Warning',
  failed: 'Warning',
  undecided: 'Warning',
}

/** undefined: a dry run, or nothing that was done. */
export function alertOfEntry(entry: Sealed, hostname: string): AlertData | undefined {
  const told = wordsOf(entry)
  if (!told || entry.kind === 'note') return undefined
  const { run, playbook, action, target, alert, seq } = entry
  const [what, priority, outcome] = told
  const time = BigInt(Date.parse(entry.time)) * 1_000_000n
  const rule = `Falc response: ${what}`
  const message = `${action} ${target?.name ?? ''}: ${outcome} (playbook ${playbook}, alert ${alert.rule})`
  return {
    id: alertId({ identity: hostname, source: 'response', rule, time, event: `${run} ${seq}` }),
    ...{ rule, priority, source: 'response', tags: [], time, message, hostname },
    output: `${isoTime(time)}: ${priority} ${message}`,
    output_fields: {
      'response.action': action,
      'response.outcome': outcome,
      'response.playbook': playbook,
      'response.run': run,
      'response.target': target?.uid ?? null,
      'response.alert': alert.id,
    },
  }
}

function wordsOf(entry: Sealed): [what: string, priority: Priority, outcome: string] | undefined {
  switch (entry.kind) {
    case 'answered':
      return entry.dry ? undefined : ['step', PRIORITIES[entry.outcome], entry.outcome]
    case 'undone':
      return ['undo', PRIORITIES[entry.outcome], entry.outcome]
    case 'waiting':
      return ['approval wanted', 'Warning', `waits until ${entry.expires}`]
    case 'held':
      return entry.guard === 'fuse' ? ['fuse', 'Critical', entry.reason] : undefined
    default:
      return undefined
  }
}
