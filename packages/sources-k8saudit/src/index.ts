export { AuditEvent } from './event.ts'
export { type AuditBody, type ParseOptions, parseAuditBody, parseAuditEvents } from './parse.ts'
export { AuditError, type AuditProblem, type AuditProblemCause } from './problem.ts'
export { k8sAudit, PLUGINS } from './source.ts'
