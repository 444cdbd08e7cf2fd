export { type Judgement, judgementOf, knownOf, PARTS, type Part } from './admission/known.ts'
export { asReviewed, type Logged } from './admission/logged.ts'
export {
  ADMITTED,
  type AdmissionAnswer,
  type AdmissionRequest,
  parseReview,
  printAnswer,
  ReviewError,
} from './admission/review.ts'
export { AuditEvent, type PodFinder } from './event.ts'
export { NEEDS_CLUSTER } from './fields/metadata.ts'
export { readBody } from './http/body.ts'
export { BodyBudget } from './http/budget.ts'
export { clientOf } from './http/client.ts'
export { Deadlines } from './http/deadlines.ts'
export { Faults } from './http/faults.ts'
export type { ReceiverOptions } from './http/options.ts'
export { HttpReceiver, type Reply, type Service } from './http/receiver.ts'
export { BUSY, type Refusal, type RefusalCause } from './http/refusal.ts'
export type { AuditInput } from './input/input.ts'
export { type AuditLogOptions, type AuditLogStats, openAuditLog } from './input/logfile.ts'
export { type NatsParams, type OpenParams, parseOpenParams } from './input/open-params.ts'
export { readAuditStream } from './input/stream.ts'
export {
  AuditWebhook,
  type AuditWebhookOptions,
  type AuditWebhookStats,
  openAuditWebhook,
} from './input/webhook.ts'
export { k8sAudit, PLUGINS } from './k8s-audit.ts'
export { AuditLogDecoder, type DecoderOptions } from './log/decoder.ts'
export { type AuditBody, type ParseOptions, parseAuditBody, parseAuditEvents } from './parse.ts'
export { AuditError, type AuditProblem, type AuditProblemCause } from './problem.ts'
export type { AuditStats, InputOptions } from './stats.ts'
