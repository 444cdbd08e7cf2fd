/** `falc respond history`: prints the journal. */
import { Journal, type Sealed } from '@falc/response'
import { print } from '../command.ts'
import { CliError } from '../fail.ts'
import { printable } from '../printable.ts'
import type { RespondCall } from './call.ts'

/** @throws {CliError} when there is no journal */
export function history({ config, flags, rest: [id] }: RespondCall): number {
  const { entries, damage } = journal(config.response.folder, true)
  const wanted = id === undefined ? entries : entries.filter(entry => isAbout(entry, id))
  for (const entry of wanted) print(flags.json ? `${JSON.stringify(entry)}\n` : `${lineOf(entry)}\n`)
  if (id !== undefined && wanted.length === 0)
    throw new CliError(`no journal entry about ${id}: give the ID of a step, an alert or a target`)
  if (damage !== undefined) throw new CliError(`the journal is damaged: ${damage}`)
  return 0
}

/** @param all also what the present file does not have any more */
export function journal(folder: string, all = false): ReturnType<typeof Journal.read> {
  try {
    return Journal.read(folder, { all })
  } catch (error) {
    throw new CliError((error as Error).message)
  }
}

const isAbout = (entry: Sealed, id: string) =>
  entry.kind !== 'note' && (entry.run.startsWith(id) || entry.alert.id.startsWith(id) || entry.target?.uid === id)

function lineOf(entry: Sealed): string {
  if (entry.kind === 'note') return `${entry.time} ${printable(entry.text)}`
  const { time, run, playbook, action, target } = entry
  const about = [run.slice(0, 8), printable(playbook), action, ...(target ? [printable(target.name)] : [])].join(' · ')
  return `${time} ${about}: ${printable(wordsOf(entry))}`
}

function wordsOf(entry: Exclude<Sealed, { kind: 'note' }>): string {
  const said = (answers: readonly { said: string }[]) =>
    answers
      .map(answer => answer.said)
      .filter(Boolean)
      .join('; ')
  const and = (text: string) => (text === '' ? '' : `: ${text}`)
  switch (entry.kind) {
    case 'asked':
      return `${entry.dry ? 'dry run: ' : ''}${entry.plan.join('; ')} (alert ${entry.alert.id.slice(0, 8)}, ${entry.alert.rule})`
    case 'answered':
      return `${entry.dry ? 'dry run: ' : ''}${entry.outcome}${and(said(entry.answers))}`
    case 'held':
      return `held back (${entry.guard}): ${entry.reason}`
    case 'waiting':
      return `waits for approval until ${entry.expires}: ${entry.plan.join('; ')}`
    case 'approved':
    case 'denied':
      return `${entry.kind}${entry.by === undefined ? '' : ` by ${entry.by}`}`
    case 'expired':
      return entry.kind
    case 'undoing':
      return `undo: ${entry.plan.join('; ')}`
    case 'undone':
      return `undone: ${entry.outcome}${and(said(entry.answers))}`
  }
}
