import { MODIFIERS, OPERATORS, parseOperator, spellings, TRANSFORMER_NAMES } from '@falc/engine/analysis'
import type { Range } from './outline.ts'
import type { Expected, Token, TokenKind } from './token.ts'

const CALLS: ReadonlySet<string> = new Set(['val', ...TRANSFORMER_NAMES])
const IDENTIFIER = '[a-zA-Z][a-zA-Z0-9_]*'
const FIELD = new RegExp(`${IDENTIFIER}(?:\\.(?:${IDENTIFIER})?)+`, 'y')
const NAME = new RegExp(IDENTIFIER, 'y')
const BARE = /[^()"'\s=,]+/y
const WORD = /[^\s()"',[\]]+/y
const NEXT_CHECK = new RegExp(`(?:and|or)\\s+(?:not\\s+|\\()*${IDENTIFIER}\\.${IDENTIFIER}`, 'y')
const OPERATOR = new RegExp(
  [
    ...spellings().filter(op => /\W/.test(op)),
    ...spellings()
      .filter(op => !/\W/.test(op))
      .map(op => `${op}(?![a-zA-Z0-9_])`),
  ].join('|'),
  'y',
)

type Frame =
  | { readonly kind: 'group' }
  | { readonly kind: 'list' }
  | { readonly kind: 'call'; readonly name: string; readonly side: 'left' | 'right' | 'inner'; index: number }

/** Reads `[from, to)` of a text. */
export class ConditionScan {
  readonly tokens: Token[] = []
  readonly #text: string
  readonly #end: number
  readonly #frames: Frame[] = []
  #at: number
  #expected: Expected = { what: 'check' }
  #left = ''
  #op = ''
  #negations = 0
  /** By token index of a field or macro: it is below an odd number of `not`. */
  readonly negated = new Set<number>()
  readonly #outer: number[] = []

  constructor(text: string, { from, to }: Range) {
    this.#text = text
    this.#at = from
    this.#end = to
    for (;;) {
      this.#blanks()
      if (this.#at >= this.#end) return
      const before = this.#at
      this.#next()
      // A word that nothing fits is skipped, whatever it is.
      if (this.#at === before) this.#push('unknown', this.#match(WORD) ?? this.#text[this.#at]!)
    }
  }

  /** What may follow the last token. */
  get expected(): Expected {
    return this.#expected
  }

  /** The transformer whose arguments are being written, and which of them. */
  get call(): { readonly name: string; readonly index: number } | undefined {
    const frame = this.#frames.findLast(({ kind }) => kind === 'call')
    return frame?.kind === 'call' ? { name: frame.name, index: frame.index } : undefined
  }

  #next(): void {
    const frame = this.#frames.at(-1)
    if (frame?.kind === 'call') this.#argumentOf(frame)
    else if (frame?.kind === 'list') this.#item()
    else if (this.#expected.what === 'operator') this.#operator()
    else if (this.#expected.what === 'value') this.#value()
    else if (this.#expected.what === 'list') this.#listOrName()
    else if (this.#expected.what === 'conjunction') this.#conjunction()
    else this.#check()
  }

  #check(): void {
    if (this.#sign('(')) {
      this.#frames.push({ kind: 'group' })
      this.#outer.push(this.#negations)
      return
    }
    if (this.#closeGroup()) return
    if (this.#call('left')) return
    const field = this.#match(FIELD)
    if (field !== undefined) {
      if (this.#negations % 2 === 1) this.negated.add(this.tokens.length)
      this.#push('field', field)
      this.#left = field
      this.#expected = { what: 'operator', left: this.#left }
      this.#bracket()
      return
    }
    const word = this.#match(NAME)
    if (word === undefined) return
    if (word === 'not') {
      this.#negations++
      this.#push('keyword', word)
    } else if (word === 'and' || word === 'or') this.#push('keyword', word)
    else {
      if (this.#negations % 2 === 1) this.negated.add(this.tokens.length)
      this.#push('macro', word)
      this.#after()
    }
  }

  #operator(): void {
    const op = this.#match(OPERATOR)
    if (op === undefined) {
      const word = this.#match(NAME)
      if (word === 'and' || word === 'or') this.#conjunction()
      else if (this.#text[this.#at] === ')') this.#conjunction()
      else if (word !== undefined) {
        this.#push('unknown', word)
        this.#op = word
        this.#expected = { what: 'value', left: this.#left, op: word }
      }
      return
    }
    this.#push('operator', op)
    this.#op = op
    const { form } = OPERATORS[parseOperator(op)!.op]
    if (form === 'unary') this.#after()
    else this.#expected = { what: form === 'list' ? 'list' : 'value', left: this.#left, op }
  }

  #value(): void {
    const word = this.#match(NAME)
    if (word !== undefined && (MODIFIERS as readonly string[]).includes(word) && this.#listFollows(word)) {
      this.#push('modifier', word)
      this.#op += ` ${word}`
      this.#expected = { what: 'list', left: this.#left, op: this.#op }
      return
    }
    if (this.#call('right')) return
    if (this.#string() || this.#bare()) this.#after()
    // A parenthesis where one value is expected: its content is read as a list.
    else if (this.#text[this.#at] === '(') this.#listOrName()
    else this.#conjunction()
  }

  #listFollows(word: string): boolean {
    return /^\s+(?!(?:and|or)\b)[(a-zA-Z]/.test(this.#text.slice(this.#at + word.length, this.#end).slice(0, 40))
  }

  #listOrName(): void {
    if (this.#sign('(')) {
      this.#frames.push({ kind: 'list' })
      this.#expected = { what: 'item', left: this.#left, op: this.#op }
      return
    }
    if (this.#call('right')) return
    if (this.#string() || this.#bare()) this.#after()
    else this.#conjunction()
  }

  #item(): void {
    if (this.#sign(',')) return
    if (this.#sign(')')) {
      this.#frames.pop()
      this.#after()
      return
    }
    // A list that is not closed ends where the next check begins.
    if (this.#matches(NEXT_CHECK)) {
      this.#frames.pop()
      this.#conjunction()
    } else if (!this.#string()) this.#bare()
  }

  #conjunction(): void {
    if (this.#closeGroup()) return
    const word = this.#match(NAME)
    if (word === 'and' || word === 'or') {
      this.#push('keyword', word)
      this.#negations = this.#outer.at(-1) ?? 0
      this.#expected = { what: 'check' }
    } else if (word !== undefined || this.#text[this.#at] === '(') {
      // Something is missing between two checks.
      this.#expected = { what: 'check' }
      this.#check()
    }
  }

  #closeGroup(): boolean {
    if (!this.#sign(')')) return false
    if (this.#frames.at(-1)?.kind === 'group') {
      this.#frames.pop()
      this.#negations = this.#outer.pop()!
    }
    this.#after()
    return true
  }

  #argumentOf(frame: Extract<Frame, { kind: 'call' }>): void {
    if (this.#sign(',')) {
      frame.index++
      this.#expected = { what: 'call', transformer: frame.name, index: frame.index }
      return
    }
    if (this.#sign(')')) {
      this.#frames.pop()
      this.#bracket()
      if (frame.side === 'left') this.#expected = { what: 'operator', left: this.#left }
      else if (frame.side === 'right') this.#after()
      else this.#inCall()
      return
    }
    if (this.#sign('(')) {
      this.#frames.push({ kind: 'call', name: '', side: 'inner', index: 0 })
      return
    }
    if (this.#call('inner')) return
    const field = this.#match(FIELD)
    if (field !== undefined) {
      this.#push('field', field)
      if (frame.side === 'left') this.#left = field
      this.#bracket()
    } else if (!this.#string()) this.#bare()
  }

  /** The name of a transformer and its parenthesis, if they are next. */
  #call(side: 'left' | 'right' | 'inner'): boolean {
    const name = this.#match(NAME)
    if (name === undefined || !CALLS.has(name) || this.#text[this.#at + name.length] !== '(') return false
    this.#push('transformer', name)
    this.#sign('(')
    this.#frames.push({ kind: 'call', name, side, index: 0 })
    this.#inCall()
    return true
  }

  #inCall(): void {
    const frame = this.#frames.at(-1)
    if (frame?.kind === 'call') this.#expected = { what: 'call', transformer: frame.name, index: frame.index }
  }

  /** `[…]` directly behind a field or a transformer. */
  #bracket(): void {
    if (this.#text[this.#at] !== '[' || this.#at >= this.#end) return
    this.#sign('[')
    const close = this.#text.slice(this.#at, this.#end).search(/[\]\n]/)
    const length = close < 0 ? this.#end - this.#at : close
    if (length > 0) this.#push('argument', this.#text.slice(this.#at, this.#at + length))
    if (!this.#sign(']')) this.#expected = { what: 'argument', left: this.#left }
  }

  #after(): void {
    this.#expected = { what: 'conjunction' }
  }

  #string(): boolean {
    const mark = this.#text[this.#at]
    if (mark !== '"' && mark !== "'") return false
    let end = this.#text.indexOf(mark, this.#at + 1)
    while (end > 0 && end < this.#end && this.#text[end - 1] === '\\') end = this.#text.indexOf(mark, end + 1)
    const line = this.#text.indexOf('\n', this.#at)
    const stop = end > 0 && end < this.#end ? end + 1 : line < 0 || line > this.#end ? this.#end : line
    this.tokens.push({
      ...{ kind: 'value', from: this.#at, to: stop, quoted: true },
      text: this.#text.slice(this.#at, stop),
    })
    this.#at = stop
    return true
  }

  #bare(): boolean {
    const word = this.#match(BARE)
    if (word !== undefined) this.#push('value', word)
    return word !== undefined
  }

  #blanks(): void {
    while (this.#at < this.#end && /\s/.test(this.#text[this.#at]!)) this.#at++
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    return found === undefined || found === '' ? undefined : found.slice(0, this.#end - this.#at)
  }

  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    return pattern.test(this.#text)
  }

  #sign(sign: string): boolean {
    if (this.#text[this.#at] !== sign || this.#at >= this.#end) return false
    this.#push('sign', sign)
    return true
  }

  #push(kind: TokenKind, text: string): void {
    this.tokens.push({ kind, text, from: this.#at, to: this.#at + text.length })
    this.#at += text.length
  }
}
