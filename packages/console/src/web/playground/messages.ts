/** Messages between the page and its worker threads. */
import type { Completion, Completions } from '@falc/lsp/language'
import type { AlertJson, WhyClause } from '../../shapes/index.ts'

export interface RulesText {
  readonly name: string
  readonly content: string
}

/** A capture, an audit log or a scene, as a file or as text; gzip or not. */
export interface Input {
  readonly name: string
  readonly data: Blob | string
}

export interface Finding {
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly advice?: string
  readonly place: { readonly file: string; readonly line: number; readonly column: number } & Range
  /** Edits that fix it. */
  readonly fix?: readonly (Range & { readonly text: string })[]
}

interface Range {
  readonly offset: number
  readonly length: number
}

export interface Span {
  readonly from: number
  readonly to: number
}

/** Completions with what each of them means, as far as it is short. */
export type Offers = Pick<Completions, 'range' | 'incomplete'> & { readonly items: readonly Completion[] }

export interface Color extends Span {
  readonly type: string
}

/** A message of the loader. */
export interface Problem {
  readonly code: string
  readonly message: string
  readonly file: string
  readonly line: number
}

export interface Loaded {
  readonly ok: boolean
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly rules: number
}

/** A test of rules, and what is wrong; nothing: it passes. */
export interface Tested {
  readonly file: string
  readonly name: string
  readonly problems: readonly string[]
  /** Why it was not run. */
  readonly skipped?: string
}

/** Test files are next to rules, as for `falc test`. */
export const isTestFile = (name: string): boolean => /\.test\.ya?ml$/i.test(name)

export interface Progress {
  /** Of the file, as it is stored. */
  readonly bytes: number
  readonly size: number
  readonly events: number
  readonly alerts: number
}

export interface Done extends Progress {
  readonly kind: 'capture' | 'audit' | 'scene'
  /** Milliseconds. */
  readonly took: number
  /** By rule. */
  readonly counts: Readonly<Record<string, number>>
  /** The parts of the input that were left out. */
  readonly problems: readonly string[]
}

/** Without being asked. */
export type News =
  | { readonly news: 'found'; readonly name: string; readonly findings: readonly Finding[]; readonly done: boolean }
  | { readonly news: 'progress'; readonly progress: Progress }
  | { readonly news: 'alerts'; readonly alerts: readonly AlertJson[] }

/** The functions of a thread: what `call` may name. */
export interface Calls {
  /** The rules, in the order of loading. Findings follow as news. */
  texts(files: readonly RulesText[]): void
  check(name: string): void
  complete(name: string, offset: number): Offers | undefined
  doc(name: string, offset: number, label: string, kind: Completion['kind']): string | undefined
  hover(name: string, offset: number): (Span & { readonly text: string }) | undefined
  colors(name: string): readonly Color[]
  /** A condition about alerts, being written: what may follow, and what is wrong with it. */
  completeFilter(text: string, offset: number): Offers | undefined
  checkFilter(text: string): (Span & { readonly message: string }) | undefined
  load(files: readonly RulesText[]): Loaded
  run(input: Input): Done
  test(rules: readonly RulesText[], tests: readonly RulesText[]): readonly Tested[]
  /** Why the alert of this number, from 0, was raised. */
  why(number: number): WhyClause | undefined
}

/** Alerts that a run hands over; all of them are counted. */
export const MAX_ALERTS = 10_000

export type Call = { readonly id: number; readonly call: keyof Calls; readonly args: readonly unknown[] }
export type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string }
