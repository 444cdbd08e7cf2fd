import { hostname as systemHostname } from 'node:os'

/** What alerts name as their host. */
export function hostname(): string {
  return process.env.FALCO_HOSTNAME || systemHostname()
}
