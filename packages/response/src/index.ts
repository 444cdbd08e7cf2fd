export { ACTIONS } from './actions/list.ts'
export type { ApprovalNotice } from './approval-notice.ts'
export { answerWaiting, type Word, waitingIn, waitingNow } from './approvals.ts'
export { type CaseResult, runCases } from './cases.ts'
export { loadFunctions } from './functions/load.ts'
export type { ResponseCounts } from './guard/counts.ts'
export { FUSE, Limits } from './guard/limits.ts'
export { decide, LocalOnce, type Once, type OnceRecord } from './guard/once.ts'
export { PROTECTED } from './guard/protected.ts'
export type { Entry, JournalText, Sealed, Waiting } from './journal/format.ts'
export { Journal, type JournalOptions } from './journal/journal.ts'
export { type Role, rightsOf, rolesOf } from './kubernetes/rbac.ts'
export { kubernetesPort, VERBS } from './kubernetes/verbs.ts'
export {
  type Action,
  type Context,
  defineAction,
  fieldOf,
  optionalField,
  Refusal,
  type Target,
} from './model/action.ts'
export type { Answer, Attempt, Call, EngineCall, Outcome, Port, Ports } from './model/call.ts'
export type { Schema } from './model/params.ts'
export { type NatsCounts, NatsInput, type NatsOptions } from './nats/input.ts'
export { type OpenResponder, openResponder, type RespondOptions, STOP_FILE } from './open.ts'
export { PlaybookError } from './playbook/document.ts'
export { type Limit, loadPlaybooks, MODES, type Playbook, type PlaybookFile } from './playbook/load.ts'
export { fromTalon, TALON, type TalonNote } from './playbook/talon.ts'
export { capturePort } from './ports/capture.ts'
export { enginePort } from './ports/engine.ts'
export { processPort } from './ports/process.ts'
export { filePort, httpPort, programPort } from './ports/world.ts'
export { POINTS, type Point, Responder, type Taken } from './respond.ts'
export { type SimulatedStep, Simulation } from './simulate.ts'
export { alertOf, type TestedPlan, type TestOptions, testPlaybook } from './test-playbook.ts'
