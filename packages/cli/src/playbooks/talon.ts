/** `falc respond talon`: translates falco-talon's rule files into playbooks; comments say how each part was translated. */
import { fromTalon, PlaybookError } from '@falc/response'
import { print } from '../command.ts'
import { CliError } from '../fail.ts'
import { printable } from '../printable.ts'
import { readPlaybooks } from '../respond/settings.ts'
import type { RespondCall } from './call.ts'

/** @returns 1 when something was refused @throws {CliError} */
export function talon({ rest }: RespondCall): number {
  if (rest.length === 0) throw new CliError("falc respond talon needs falco-talon's rule files")
  try {
    const { yaml, notes } = fromTalon(readPlaybooks(rest))
    for (const { rule, what, verdict, reason } of notes)
      print(`# ${printable(`${rule}: ${what}: ${verdict}: ${reason}`)}\n`)
    print(yaml)
    return notes.some(({ verdict }) => verdict === 'refused') ? 1 : 0
  } catch (error) {
    if (error instanceof PlaybookError) throw new CliError(error.message)
    throw error
  }
}
