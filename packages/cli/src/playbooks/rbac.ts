/** `falc respond rbac`: the minimal Kubernetes roles that playbooks need. */
import { type Role, rolesOf } from '@falc/response'
import { stringify } from 'yaml'
import { print } from '../command.ts'
import { CliError } from '../fail.ts'
import type { RespondCall } from './call.ts'
import { loaded } from './check.ts'

const NAME = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const NAMESPACE = new RegExp(`^${NAME}$`)
const ACCOUNT = new RegExp(`^${NAME}:${NAME}$`)

/** @throws {CliError} */
export async function rbac(call: RespondCall): Promise<number> {
  const wrong = call.rest.find(name => !NAMESPACE.test(name))
  if (wrong !== undefined) throw new CliError(`not a namespace: ${wrong}`)
  const account = call.flags['service-account']
  if (account !== undefined && !ACCOUNT.test(account))
    throw new CliError(`--service-account must be NAMESPACE:NAME, not ${account}`)
  const roles = rolesOf(await loaded(call), call.rest)
  const objects = account === undefined ? roles : roles.flatMap(role => [role, bindingOf(role, account)])
  print(
    objects.length === 0
      ? '# These playbooks ask nothing of Kubernetes.\n'
      : objects.map(object => `---\n${stringify(object)}`).join(''),
  )
  return 0
}

function bindingOf({ apiVersion, kind, metadata }: Role, account: string) {
  const [namespace, name] = account.split(':')
  return {
    apiVersion,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  }
}
