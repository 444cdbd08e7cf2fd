/** `falc respond test`: runs the test files of playbooks. */
import { existsSync } from 'node:fs'
import { ACTIONS, type Action, PlaybookError, runCases } from '@falc/response'
import { print } from '../command.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { printable } from '../printable.ts'
import { actionsOf, readPlaybooks } from '../respond/settings.ts'
import type { RespondCall } from './call.ts'
import { loaded } from './check.ts'

/** Each file of playbooks with its tests. @returns 1 when a case does not hold @throws {CliError} when there is none */
export async function testPlaybooks(call: RespondCall): Promise<number> {
  const { config, source, rest } = call
  const paths = rest.length > 0 ? rest : config.response.playbooks
  const files = readPlaybooks(paths)
  await loaded({ config: { ...config, response: { ...config.response, playbooks: paths } }, source })
  const actions = await actionsOf(config)
  let [tests, failed] = [0, 0]
  for (const { name, content } of files) {
    const beside = name.replace(/\.ya?ml$/, '.test.yaml')
    if (beside === name || !existsSync(beside)) continue
    for (const { name: title, differences } of await results(beside, content, call, actions)) {
      tests++
      if (differences.length === 0) continue
      failed++
      print(`✗ ${beside}: ${printable(title)}\n${differences.map(line => `    ${printable(line)}\n`).join('')}`)
    }
  }
  if (tests === 0)
    throw new CliError(`there are no tests: ${files[0]?.name.replace(/\.ya?ml$/, '.test.yaml') ?? 'and no playbooks'}`)
  print(`${count(tests, 'test')}, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}

async function results(beside: string, playbooks: string, { source, config }: RespondCall, actions: readonly Action[]) {
  const [file] = readPlaybooks([beside])
  const { protect, unprotect } = config.response
  try {
    return await runCases(file!, playbooks, {
      source,
      protect,
      unprotect,
      actions: actions.filter(action => !ACTIONS.includes(action)),
    })
  } catch (error) {
    if (error instanceof PlaybookError) throw new CliError(error.message)
    throw error
  }
}
