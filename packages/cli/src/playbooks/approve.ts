/** `falc respond approve`: what waits for somebody, and the word for one of them. */
import { approve, waitingIn } from '@falc/response'
import { print } from '../command.ts'
import { CliError } from '../fail.ts'
import { printable } from '../printable.ts'
import type { RespondCall } from './call.ts'
import { journal } from './history.ts'

/** @throws {CliError} */
export function approveStep({ config, rest: [id] }: RespondCall): number {
  const { folder } = config.response
  const waiting = waitingIn(journal(folder).entries)
  if (id === undefined) {
    for (const { run, playbook, plan, expires, alert } of waiting)
      print(`${run.slice(0, 8)} until ${expires}: ${printable(`${playbook}: ${plan.join('; ')} (${alert.output})`)}\n`)
    return 0
  }
  const found = waiting.filter(({ run }) => run.startsWith(id))
  if (found.length !== 1)
    throw new CliError(found.length === 0 ? `no waiting step has the ID ${id}` : `${id} is more than one`)
  try {
    approve(folder, found[0]!)
  } catch (error) {
    throw new CliError((error as Error).message)
  }
  print(`approved: ${printable(found[0]!.plan.join('; '))}\n`)
  return 0
}
