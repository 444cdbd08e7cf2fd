/** `falc respond pending`, `approve` and `deny`: list the steps that wait for approval, and answer one. */
import { userInfo } from 'node:os'
import { answerWaiting, type Waiting, type Word, waitingIn } from '@falc/response'
import { print } from '../command.ts'
import { CliError } from '../fail.ts'
import { printable } from '../printable.ts'
import type { RespondCall } from './call.ts'
import { journal } from './history.ts'

/** @throws {CliError} */
export function pending({ config, flags }: RespondCall): number {
  const { entries, damage } = journal(config.response.folder)
  for (const { full: _, ...entry } of waitingIn(entries))
    print(flags.json ? `${JSON.stringify(entry)}\n` : `${lineOf(entry)}\n`)
  // What waits behind the damage is not known.
  if (damage !== undefined) throw new CliError(`the journal is damaged: ${damage}`)
  return 0
}

const lineOf = ({ run, playbook, plan, expires, alert }: Omit<Waiting, 'full'>) =>
  `${run.slice(0, 8)} until ${expires}: ${printable(`${playbook}: ${plan.join('; ')} (${alert.output})`)}`

/** @throws {CliError} */
export function answer(call: RespondCall, word: Word): number {
  const { folder } = call.config.response
  const [id] = call.rest
  if (id === undefined) return pending(call)
  const found = waitingIn(journal(folder).entries).filter(({ run }) => run.startsWith(id))
  if (found.length !== 1)
    throw new CliError(found.length === 0 ? `no waiting step has the ID ${id}` : `${id} is more than one`)
  try {
    if (!answerWaiting(folder, found[0]!, word, ownName())) throw new CliError(`${id} has been answered already`)
  } catch (error) {
    throw error instanceof CliError ? error : new CliError((error as Error).message)
  }
  print(`${word}: ${printable(found[0]!.plan.join('; '))}\n`)
  return 0
}

/** Who answers. In a container, the user often has a number only. */
function ownName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.()}`
  }
}
