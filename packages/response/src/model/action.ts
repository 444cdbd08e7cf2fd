import type { AlertData } from '@falc/engine'
import type { Answer, Call, Data } from './call.ts'
import type { ParamsOf, Schema } from './params.ts'

/** The object of a step, for limits, protections and the journal. */
export interface Target {
  readonly kind: 'process' | 'container' | 'pod' | 'node' | 'workload' | 'binding' | 'file' | 'alert'
  /** An identity that nothing else gets later: of a pod its UID, of a process its pid and when it had it. */
  readonly uid: string
  /** For people. */
  readonly name: string
  readonly namespace?: string
}

/** A step cannot be planned: the alert does not say what is needed, or says something that must not be acted on. */
export class Refusal extends Error {
  override readonly name = 'Refusal'

  constructor(message: string) {
    // It is an answer, not a fault: where it was made is of no interest, and to find out costs more than a plan.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The input of a plan: plain data, so that plans need no ports. */
export interface Input<P> {
  readonly alert: AlertData
  readonly params: P
  readonly target: Target
}

/** The context of a running user-defined action. */
export interface Context<P> extends Input<P> {
  readonly dry: boolean
  /** Fires when the step's time is up, or everything is to stop. */
  readonly signal: AbortSignal
}

/** The input of an undo: the step, and the data of the answers to its calls. */
export interface Done<P> extends Input<P> {
  readonly answers: readonly { readonly [key: string]: Data | undefined }[]
}

export interface Action<S extends Schema = any> {
  /** As in playbooks: `stop_container`. */
  readonly name: string
  /** Markdown: what it does, one or two sentences. */
  readonly doc: string
  /** Its value in a step, as YAML. */
  readonly example: string
  /** The operations on Kubernetes of its calls and its undo: rows of kubernetes/verbs.ts, from which its rights follow. */
  readonly asks?: readonly string[]
  /** JSON Schema of an object. Keys that it does not name are errors. */
  readonly params: S
  /** The target. @throws {Refusal} when the alert does not say */
  target(alert: AlertData, params: ParamsOf<S>): Target
  /** The planned calls, in order, and for an action with `run` also texts. @throws {Refusal} */
  plan(input: Input<ParamsOf<S>>): readonly (Call | string)[]
  /** In place of planned calls. An exception counts as a failure. */
  run?(context: Context<ParamsOf<S>>): Promise<Answer | undefined> | Promise<void> | Answer | undefined
  /** Takes back what was done. With it, a step may say for how long it is to last: `for: 2h`. */
  undo?(done: Done<ParamsOf<S>>): readonly Call[]
  /** Replaces `target`, `plan` and `undo` of an action whose code runs in its own thread. */
  readonly threaded?: Threaded
}

export interface Threaded {
  plan(
    alert: AlertData,
    params: unknown,
  ): Promise<{ readonly target: Target; readonly calls: readonly (Call | string)[] }>
  undo(done: Done<unknown>): Promise<readonly Call[]>
}

/** Declares an action, its parameters typed by their schema. */
export function defineAction<const S extends Schema>(action: Action<S>): Action<S> {
  return action
}

/** The text of an output field. @throws {Refusal} when the alert does not have it */
export function fieldOf(alert: AlertData, name: string): string {
  const text = optionalField(alert, name)
  if (text === undefined) throw new Refusal(`the alert has no ${name}: add %${name} to the rule's output`)
  return text
}

/** undefined: the alert does not have it. */
export function optionalField({ output_fields }: AlertData, name: string): string | undefined {
  const value = Object.hasOwn(output_fields, name) ? output_fields[name] : undefined
  if (value === undefined || value === null || value === '' || value === '<NA>') return undefined
  return Array.isArray(value) ? value.map(one => String(one)).join(',') : String(value)
}
