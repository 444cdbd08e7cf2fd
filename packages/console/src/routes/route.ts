/** Routes of the HTTP API, and the context that each is called with. */
import type { AlertData, Source } from '@falc/engine'
import type { RunningQuery, ScanProgress, Store, StoreReader, StoreThread } from '@falc/store'
import type { Rights, Scope } from '../auth/tokens.ts'
import type { Parameters } from '../parameters.ts'
import type { Rulebook } from '../rulebook.ts'
import type { Approval, Outputs, Word } from '../shapes/index.ts'
import type { Silences } from './silenced.ts'

/** Seconds after which a query is answered with the result so far. */
export const TIME_LIMIT_S = 2

/** The largest value of `wait`, which asks for more time. */
export const MAX_WAIT_S = 120

/** The seconds of the parameter `wait`; 0 without one. */
export function waitOf(given: URLSearchParams): number {
  return Math.min(MAX_WAIT_S, Math.max(0, Number(given.get('wait')) || 0))
}

/** The caller. */
export type Who = Rights

/** The context of routes that read the store and the rules, on the backend's thread. */
export interface RouteContext {
  readonly source: Source<AlertData>
  /** The same source, with the fields that only conditions may name. */
  readonly conditions: Source<AlertData>
  /** The store, opened again if its file was replaced; restricted to the namespaces that the caller may see. @throws {StoreError} */
  reader(who: Who): Promise<StoreReader>
  /** The store for writing: triage, notes, silences. @throws {StoreError} */
  store(): Promise<Store>
  /** Runs a query until it ends or its time is over; other requests are served meanwhile. @param seconds default: `TIME_LIMIT_S` @throws {StoreError} */
  runFor<T>(query: RunningQuery<T>, seconds?: number): Promise<Answer<T>>
  silences(store: StoreReader): Silences
  readonly rulebook: Rulebook
}

/** The context of routes that the server's own thread answers. */
export interface ServerContext {
  readonly writer: StoreThread
  /** The outputs of the process that serves the console, or of the configuration that it was given. */
  readonly delivery: Delivery
  /** Undefined: there is no responder. */
  readonly approvals: Waiting | undefined
}

/** The steps that wait for approval. */
export interface Waiting {
  /** `token`: SHA-256, in hex, of the token in a link. */
  list(): Promise<readonly (Approval & { readonly token?: string })[]>
  /** @returns false: another answer came first */
  answer(run: string, word: Word, by: string): boolean
}

/** The outputs, as far as the console knows them. */
export interface Delivery {
  /** The folders of queues on disk, by the name of the output. */
  readonly queues?: Readonly<Record<string, string>>
  outputs?(): Outputs['outputs'] | Promise<Outputs['outputs']>
}

export interface Answer<T> {
  readonly value: T
  readonly complete: boolean
  readonly looked?: ScanProgress | undefined
}

/** An authorised request. */
export interface RouteRequest {
  readonly who: Who
  readonly given: URLSearchParams
  /** The part of the path in place of `{id}`. */
  readonly id: string
  readonly body: Buffer
}

export type Call = RouteRequest & RouteContext

interface Described {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** One of its segments may be `{id}`. */
  readonly path: string
  readonly scope: Scope
  readonly summary: string
  readonly parameters: Parameters
  /** A description of the body; undefined: the request has none. */
  readonly body?: string
  /** Concerns all namespaces: refused to callers restricted to some. */
  readonly whole?: true
  /** The caller must be known: refused on a console without tokens. */
  readonly known?: true
  /** Needs no token: the body carries what authorises it. */
  readonly open?: true
}

/** A route that the backend's thread answers. */
export interface Route extends Described {
  readonly inServer?: never
  /** @returns JSON @throws {Refused} */
  answer(call: Call): Promise<string>
}

export interface ServerRoute extends Described {
  readonly inServer: true
  /** @returns JSON @throws {Refused} */
  answer(call: RouteRequest & ServerContext): Promise<string>
}

export type AnyRoute = Route | ServerRoute
