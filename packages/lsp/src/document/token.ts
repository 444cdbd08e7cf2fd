import type { Range } from './outline.ts'

/**
 * The words of a condition, also of one that is being written. The engine's lexer stops where no token fits; this one reads on. On
 * conditions without errors both agree (test/document.test.ts).
 */
export type TokenKind =
  | 'field'
  | 'argument'
  | 'operator'
  | 'modifier'
  | 'keyword'
  /** A name where a check could be. */
  | 'macro'
  | 'transformer'
  /** A text or a number that is compared with; any may be the name of a list. */
  | 'value'
  | 'sign'
  | 'unknown'

export interface Token extends Range {
  readonly kind: TokenKind
  readonly text: string
  /** Of a value: it is quoted, so it is not the name of a list. */
  readonly quoted?: true
}

/** What may be written at a place. */
export type Expected =
  | { readonly what: 'check' }
  | { readonly what: 'operator'; readonly left: string }
  | { readonly what: 'value'; readonly left: string; readonly op: string }
  /** A list in parentheses, or the name of one. */
  | { readonly what: 'list'; readonly left: string; readonly op: string }
  | { readonly what: 'item'; readonly left: string; readonly op: string }
  | { readonly what: 'conjunction' }
  | { readonly what: 'argument'; readonly left: string }
  | { readonly what: 'call'; readonly transformer: string; readonly index: number }
