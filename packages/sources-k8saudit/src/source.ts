/** The entry point for any runtime: fields, and parsing of bytes or text. index.ts adds files and servers, which need Node. */
export { AuditEvent, type PodFinder } from './event.ts'
export { k8sAudit, PLUGINS } from './k8s-audit.ts'
export { AuditLogDecoder, type DecoderOptions } from './log/decoder.ts'
export { type AuditBody, type ParseOptions, parseAuditBody, parseAuditEvents } from './parse.ts'
export { AuditError, type AuditProblem, type AuditProblemCause } from './problem.ts'
