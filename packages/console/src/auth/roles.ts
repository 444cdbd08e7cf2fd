/** The rights of groups that a proxy or an identity provider names. */
import { checkRights, type Rights, SCOPES, type Scope } from './tokens.ts'

/** The scopes of the group's members. */
export interface Role {
  /** `*`: everybody. */
  readonly group: string
  readonly scopes: readonly Scope[]
  /** What they may see; undefined: all. */
  readonly namespaces?: readonly string[] | undefined
}

/** @throws {Error} */
export function checkRoles(roles: readonly Role[]): void {
  for (const { group, scopes, namespaces } of roles) {
    const unknown = scopes.find(scope => !SCOPES.includes(scope))
    if (unknown !== undefined) throw new Error(`role ${group}: no scope is called ${unknown}: ${SCOPES.join(', ')}`)
    checkRights({ name: group, scopes, namespaces }, `role ${group}`)
  }
}

/** The first role that fits counts: rights of several are not mixed. @returns undefined: none fits */
export function rightsOf(name: string, groups: readonly string[], roles: readonly Role[]): Rights | undefined {
  const role = roles.find(({ group }) => group === '*' || groups.includes(group))
  return role && { name: name.slice(0, 200), scopes: role.scopes, namespaces: role.namespaces }
}
