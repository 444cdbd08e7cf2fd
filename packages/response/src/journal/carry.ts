/** Selects the entries that a journal copies into its next file: those that may still be needed. */
import { ENDS_WAITING, hasEffect, type Sealed } from './format.ts'

/** How long it is known that a step was done for an alert: as long as records that responders share. */
export const KNOWN = 30 * 86_400_000

/**
 * In order, with the numbers and times that they have. Whatever waits, has begun or is to be undone is there as it was; of what is over there
 * is enough to count it and not to do it again.
 * @param since milliseconds since 1970: what was over before counts no more
 */
export function carried(entries: readonly Sealed[], since: number): Sealed[] {
  const runs = new Map<string, Sealed[]>()
  for (const entry of entries) {
    if (entry.kind === 'note') continue
    const run = runs.get(entry.run)
    // What was held back is known no more, but for a step that was approved.
    if (entry.kind === 'held' && !run) continue
    if (run) run.push(entry)
    else runs.set(entry.run, [entry])
  }
  const kept: Sealed[] = []
  for (const run of runs.values()) {
    if (isOpen(run)) kept.push(...run)
    else if (run.some(({ time }) => Date.parse(time) >= since)) kept.push(...run.map(short))
  }
  return kept.sort((a, b) => a.seq - b.seq)
}

/** Whether something may still become of it. */
function isOpen(run: readonly Sealed[]): boolean {
  let [waits, begun, lasts, undoing] = [false, false, false, false]
  for (const entry of run) {
    if (entry.kind === 'waiting') waits = true
    else if (ENDS_WAITING.has(entry.kind)) waits = false
    if (entry.kind === 'asked') [begun, lasts] = [true, entry.until !== undefined]
    else if (entry.kind === 'answered') {
      begun = false
      if (!hasEffect(entry)) lasts = false
    } else if (entry.kind === 'undoing') [lasts, undoing] = [false, true]
    else if (entry.kind === 'undone') undoing = false
  }
  return waits || begun || lasts || undoing
}

function short(entry: Sealed): Sealed {
  if (entry.kind === 'held' || entry.kind === 'note') return entry
  const bare = { ...entry, alert: { ...entry.alert, output: '' } }
  switch (bare.kind) {
    case 'asked': {
      const { until: _, undo: __, ...more } = bare
      return { ...more, why: [], plan: [] }
    }
    case 'waiting':
      return { ...bare, plan: [], full: '' }
    case 'undoing':
      return { ...bare, plan: [] }
    case 'answered':
    case 'undone':
      return { ...bare, answers: [] }
    default:
      return bare
  }
}
