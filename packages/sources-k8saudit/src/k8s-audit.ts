import { defineSource, type Source } from '@falc/engine'
import { AuditEvent } from './event.ts'
import { EARLY } from './fields/early.ts'
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
    // A request has one event for each stage.
    id: event => (event.isAudit ? `${String(event.root.auditID)}/${String(event.root.stage)}` : undefined),
    num: event => event.number,
    early: EARLY,
    check: whyNotAudit,
    plugins: PLUGINS,
    plugin: { name: 'k8saudit', info: event => event.printed() },
  })
}

function whyNotAudit(event: AuditEvent): string | undefined {
  if (!(event instanceof AuditEvent)) return 'it is not an AuditEvent, as parseAuditEvents returns them'
  return event.isAudit
    ? undefined
    : 'it has no auditID, so that Falco does not take it for an audit event and every ka.* field is absent'
}
