import { LiveError } from '@falc/sources-syscall'
import { CliError } from '../fail.ts'
import { type Facts, facts, kernelFindings } from './kernel.ts'

/**
 * The error of a command that cannot capture live. The kernel's own reason is often misleading (no BTF is "No such
 * process"), so what this machine or this process lacks comes first.
 * @param served a sidecar that runs as a service has the rights
 */
export function unableToCapture(error: unknown, served: boolean, machine: Facts = facts()): unknown {
  if (!(error instanceof LiveError)) return error
  const lacking = kernelFindings(machine).filter(
    ({ name, state }) => state === 'missing' && !(served && name === 'rights'),
  )
  // If a part is missing, its own message is enough.
  const reasons = error.code === 'not-installed' ? [] : lacking.map(({ detail, remedy }) => `${detail}: ${remedy}`)
  const text = reasons.length === 0 ? error.message : `${reasons.join('; ')} (${error.message})`
  return new CliError(`Unable to capture system calls live: ${text}`)
}
