/**
 * The effects of playbooks: calls as plain data, and their answers. An action only plans calls; ports carry them out. So a plan can be
 * printed, compared and run dry, and nothing happens that was not planned.
 */
import type { KubePlace } from '@falc/kubernetes'

/** A value that the journal can hold. */
export type Data = string | number | boolean | null | readonly Data[] | { readonly [key: string]: Data | undefined }

export interface ProcessCall {
  readonly via: 'process'
  readonly signal: 'STOP' | 'CONT' | 'KILL'
  readonly pid: number
  /** The process's start, or a time at which it had this pid, in nanoseconds since 1970: the pid may belong to another process now. */
  readonly started?: string
  readonly before: string
  /** All that it has started, too. */
  readonly tree: boolean
  /** It runs outside of containers, where falc protects services by name. */
  readonly host: boolean
}

export interface EngineCall {
  readonly via: 'engine'
  readonly does: 'stop' | 'kill' | 'pause' | 'unpause' | 'disconnect' | 'connect'
  /** As the alert has it: 12 digits, or all of them. */
  readonly container: string
  /** A time at which the container existed, in nanoseconds since 1970. */
  readonly before: string
  /** Seconds that it may take to stop. */
  readonly grace?: number
  /** Of `connect`: the networks that it was disconnected from. */
  readonly networks?: readonly string[]
}

export interface OutputCall {
  readonly via: 'output'
  readonly output: string
  /** In place of the alert's text. */
  readonly text?: string
}

export interface HttpCall {
  readonly via: 'http'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface ProgramCall {
  readonly via: 'program'
  /** The program and its arguments. No shell reads them. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly timeout: number
}

export interface PublishCall {
  readonly via: 'nats'
  readonly subject: string
  readonly body: string
}

export interface FileCall {
  readonly via: 'file'
  readonly does: 'quarantine' | 'restore'
  readonly path: string
  /** Where it is kept. */
  readonly folder: string
  /** Of `restore`: what was kept. */
  readonly kept?: string
}

export interface CaptureCall {
  readonly via: 'capture'
  readonly seconds: number
  /** Where captures are kept. */
  readonly folder: string
  /** Only events of this container. */
  readonly container?: string
}

/** An object of Kubernetes. */
export interface KubeObject extends KubePlace {
  /** Of a write: the object must be the one with this UID, and not another one of its name. */
  readonly uid?: string
}

export interface KubernetesCall {
  readonly via: 'kubernetes'
  /** The operation: a row of `VERBS` in kubernetes/verbs.ts. */
  readonly does: string
  /** The object of the operation, or the pod through which it is found. */
  readonly object: KubeObject
  /** More, for this row. */
  readonly with?: { readonly [key: string]: Data | undefined }
}

export type Call = (
  | ProcessCall
  | KubernetesCall
  | EngineCall
  | OutputCall
  | HttpCall
  | ProgramCall
  | PublishCall
  | FileCall
  | CaptureCall
) & {
  /** One line for people. */
  readonly says: string
}

export type Via = Call['via']

/** Names are part of the journal and of metrics. */
export const OUTCOMES = [
  'done',
  /** It was so already. */
  'already',
  /** Its object no longer exists. */
  'gone',
  /** The receiver refused: a missing right, a protection, another object of this name. */
  'refused',
  'failed',
  /** It is not known whether it was done: no answer came. It is not attempted again. */
  'undecided',
] as const
export type Outcome = (typeof OUTCOMES)[number]

export interface Answer {
  readonly outcome: Outcome
  /** The answer, in one line. */
  readonly said: string
  /** The data for an undo. */
  readonly data?: { readonly [key: string]: Data | undefined }
}

export interface Attempt {
  /** Do everything but the write. */
  readonly dry: boolean
  readonly signal: AbortSignal
  readonly alert: import('@falc/engine').AlertData
}

/** Carries out the calls of its kind. Never rejects. */
export type Port<C> = (call: C, attempt: Attempt) => Promise<Answer>

/** A port for each kind of call that this responder can make. */
export type Ports = { readonly [V in Via]?: Port<Extract<Call, { readonly via: V }>> }
