import { readFileSync } from 'node:fs'
import { CliError } from '../fail.ts'

/**
 * Switches to another user for good, once everything that needs privilege is open.
 * @throws {CliError} when there is no such user, or this process may not switch
 */
export function becomeUser(name: string): void {
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
    .find(fields => fields[0] === name)
  if (entry === undefined) throw new CliError(`--user: there is no user ${name} in /etc/passwd`)
  const uid = Number(entry[2])
  const gid = Number(entry[3])
  try {
    ;(process as unknown as { initgroups(user: string, group: number): void }).initgroups(name, gid)
    process.setgid!(gid)
    process.setuid!(uid)
  } catch (error) {
    throw new CliError(`--user ${name}: ${(error as Error).message}`)
  }
}
