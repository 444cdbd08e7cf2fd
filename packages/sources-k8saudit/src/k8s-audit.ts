import { defineSource, type Source } from '@falc/engine'
import type { AuditEvent } from './event.ts'
import { auditFields } from './fields/fields.ts'

/** The Falco plugins whose fields this source has; `required_plugin_versions` is checked against them. */
export const PLUGINS = [
  { name: 'k8saudit', version: '0.18.0' },
  { name: 'json', version: '0.7.0' },
] as const

/** Kubernetes audit events as a source: the fields of Falco's k8saudit and json plugins. */
export function k8sAudit(): Source<AuditEvent> {
  return defineSource<AuditEvent>({
    name: 'k8s_audit',
    fields: auditFields(),
    time: event => event.time,
    plugins: PLUGINS,
    plugin: { name: 'k8saudit', info: event => event.printed() },
  })
}
