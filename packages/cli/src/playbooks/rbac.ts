/** `falc respond rbac`: the least roles of Kubernetes with which playbooks can act. */
import { rolesOf } from '@falc/response'
import { stringify } from 'yaml'
import { print } from '../command.ts'
import { CliError } from '../fail.ts'
import type { RespondCall } from './call.ts'
import { loaded } from './check.ts'

/** @throws {CliError} */
export async function rbac(call: RespondCall): Promise<number> {
  const wrong = call.rest.find(name => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
  if (wrong !== undefined) throw new CliError(`not a namespace: ${wrong}`)
  const roles = rolesOf(await loaded(call), call.rest)
  print(
    roles.length === 0
      ? '# These playbooks ask nothing of Kubernetes.\n'
      : roles.map(role => `---\n${stringify(role)}`).join(''),
  )
  return 0
}
