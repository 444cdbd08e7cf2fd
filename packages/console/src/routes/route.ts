/** What a route is, and what it works with. */
import type { AlertData, Source } from '@falc/engine'
import type { Asked, Looked, Store, StoreReader, StoreThread } from '@falc/store'
import type { Rights, Scope } from '../auth/tokens.ts'
import type { Parameters } from '../parameters.ts'
import type { Rulebook } from '../rulebook.ts'
import type { Approval, Outputs, Word } from '../shapes/index.ts'
import type { Silences } from './silenced.ts'

/** Seconds that a question may take, before it is answered with what is known. */
export const PATIENCE_S = 2

/** The most that it may ask for by `wait`. */
export const MAX_WAIT_S = 120

/** Seconds that a question asks for. */
export function waitOf(given: URLSearchParams): number {
  return Math.min(MAX_WAIT_S, Math.max(0, Number(given.get('wait')) || 0))
}

/** Who asks. */
export type Who = Rights

/** What routes work with that read the store and the rules, on the desk's thread. */
export interface Desk {
  readonly source: Source<AlertData>
  /** The same, with the fields that only conditions of rules may name. */
  readonly conditions: Source<AlertData>
  /** The store as it is now; it may have been moved aside. Everything that it answers is for the eyes of whoever asks. @throws {StoreError} */
  reader(who: Who): Promise<StoreReader>
  /** The same, to change what people decide. @throws {StoreError} */
  store(): Promise<Store>
  /** Gets an answer, or as much of it as there is time for. Others are served meanwhile. @param seconds default: `PATIENCE_S` @throws {StoreError} */
  patiently<T>(asked: Asked<T>, seconds?: number): Promise<Answer<T>>
  silences(store: StoreReader): Silences
  readonly rulebook: Rulebook
}

/** What routes work with that are answered beside the server. */
export interface House {
  readonly writer: StoreThread
  /** Of the falc that the console is a part of, or whose configuration it was given. */
  readonly delivery: Delivery
  /** Undefined: there is no responder. */
  readonly approvals: Waiting | undefined
}

/** Steps that wait for approval, and the function that answers for one. */
export interface Waiting {
  /** `token`: SHA-256 in hex of what a link has. */
  list(): Promise<readonly (Approval & { readonly token?: string })[]>
  /** @returns false: another answer came first */
  answer(run: string, word: Word, by: string): boolean
}

/** What the console knows about outputs. */
export interface Delivery {
  /** Where outputs keep what waits, by name: folders of queues on disk. */
  readonly queues?: Readonly<Record<string, string>>
  outputs?(): Outputs['outputs'] | Promise<Outputs['outputs']>
}

export interface Answer<T> {
  readonly value: T
  readonly complete: boolean
  readonly looked?: Looked | undefined
}

/** A request that may be answered. */
export interface Asking {
  readonly who: Who
  readonly given: URLSearchParams
  /** What stands for `{id}` in the path. */
  readonly id: string
  readonly body: Buffer
}

export type Call = Asking & Desk

interface Described {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** One of its segments may be `{id}`. */
  readonly path: string
  readonly scope: Scope
  readonly summary: string
  readonly parameters: Parameters
  /** What the body is, if it has one. */
  readonly body?: string
  /** It is about all namespaces: not for those who may see some. */
  readonly whole?: true
  /** Whoever does it must be known: not for whoever reaches an open console. */
  readonly known?: true
  /** What allows it is in the body. */
  readonly open?: true
}

/** A route that is answered on the desk's thread. */
export interface Route extends Described {
  readonly house?: never
  /** @returns JSON @throws {Refused} */
  answer(call: Call): Promise<string>
}

export interface HouseRoute extends Described {
  readonly house: true
  /** @returns JSON @throws {Refused} */
  answer(call: Asking & House): Promise<string>
}

export type AnyRoute = Route | HouseRoute
