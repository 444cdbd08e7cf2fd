import { hostname as systemHostname } from 'node:os'

/** The host name in alerts. */
export function hostname(): string {
  return process.env.FALCO_HOSTNAME || systemHostname()
}
