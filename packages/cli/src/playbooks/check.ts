/** `falc respond check`: validates playbooks. */
import { loadPlaybooks, type Playbook, PlaybookError } from '@falc/response'
import { print } from '../command.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { actionsOf, outputNames, readPlaybooks } from '../respond/settings.ts'
import type { RespondCall } from './call.ts'

/** @throws {CliError} with file, line, column and a caret */
export async function loaded({ config, source }: Pick<RespondCall, 'config' | 'source'>): Promise<Playbook[]> {
  const { playbooks } = config.response
  if (playbooks.length === 0)
    throw new CliError(
      'there are no playbooks: give their files with -f, or in response.playbooks of the configuration',
    )
  try {
    return loadPlaybooks(readPlaybooks(playbooks), { actions: await actionsOf(config), source })
  } catch (error) {
    if (error instanceof PlaybookError) throw new CliError(error.message)
    throw error
  }
}

export async function check(call: RespondCall): Promise<number> {
  const playbooks = await loaded(call)
  for (const { name, mode, steps } of playbooks)
    print(`${name}: ${mode}, ${steps.map(({ action }) => action.name).join(' → ')}\n`)
  const known = outputNames(call.config)
  const missing = new Set(playbooks.flatMap(outputsOf).filter(name => !known.includes(name)))
  for (const name of missing) call.log.warning(`no output of the configuration is named ${name}`)
  print(`${count(playbooks.length, 'playbook')}\n`)
  return missing.size === 0 ? 0 : 1
}

function outputsOf({ steps }: Playbook): string[] {
  return steps.flatMap(({ action, given }) => {
    const name = action.name === 'notify' ? (given as { output?: unknown }).output : undefined
    return typeof name === 'string' ? [name] : []
  })
}
