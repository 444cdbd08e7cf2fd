import type { Series } from './counts.ts'

/** @param expires seconds since 1970 */
export function certificateSeries(server: string, expires: number, failures: number): Series[] {
  const labels = { server }
  return [
    {
      ...{ name: 'falc_certificate_expires_seconds', kind: 'gauge', value: expires, labels },
      help: 'When the certificate that a server uses expires, in seconds since 1970; 0: no certificate.',
    },
    {
      ...{ name: 'falc_certificate_reload_failures_total', kind: 'counter', value: failures, labels },
      help: 'Times that a changed certificate, key or token file could not be used; the earlier one stayed.',
    },
  ]
}
