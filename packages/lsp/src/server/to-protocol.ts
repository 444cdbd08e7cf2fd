import type { Finding } from '@falc/authoring'
import {
  type CodeAction,
  CodeActionKind,
  CompletionItemKind,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentSymbol,
  InsertTextFormat,
  type Range as ProtocolRange,
  SymbolKind,
} from 'vscode-languageserver'
import { TextDocument } from 'vscode-languageserver-textdocument'
import type { ItemKind, Range } from '../document/outline.ts'
import type { Action } from '../language/actions.ts'
import type { Completion, CompletionKind, Completions } from '../language/completion/complete.ts'
import { type Colored, TOKEN_TYPES } from '../language/semantic-tokens.ts'
import type { ItemSymbol } from '../language/symbols.ts'
import type { RulesFile } from '../workspace/workspace.ts'

const PAGES = 'https://github.com/falc-engine/falc/blob/main/docs/lint'
const documents = new WeakMap<RulesFile, TextDocument>()

/** The lines of a file's text. */
export function linesOf(file: RulesFile): TextDocument {
  let document = documents.get(file)
  if (!document) documents.set(file, (document = TextDocument.create(file.uri, 'yaml', 0, file.rules.text)))
  return document
}

export function toRange(file: RulesFile, { from, to }: Range): ProtocolRange {
  const lines = linesOf(file)
  return { start: lines.positionAt(from), end: lines.positionAt(to) }
}

/** Where a finding is; one without length covers the rest of its word. */
export function rangeOf(text: string, { place: { offset, length } }: Finding): Range {
  if (length > 0) return { from: offset, to: firstLine(text, offset, length) }
  const word = /^[^\s]*/.exec(text.slice(offset, offset + 200))![0].length
  return { from: offset, to: offset + Math.max(word, offset < text.length ? 1 : 0) }
}

/** An underlined rule of thirty lines hides what else is in it. */
function firstLine(text: string, offset: number, length: number): number {
  const end = text.indexOf('\n', offset)
  return end < 0 || end > offset + length ? offset + length : end
}

export function toDiagnostic(file: RulesFile, finding: Finding): Diagnostic {
  const { code, severity, message, advice } = finding
  return {
    range: toRange(file, rangeOf(file.rules.text, finding)),
    severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code,
    codeDescription: { href: code.startsWith('LOAD_') ? `${PAGES}/README.md` : `${PAGES}/${code}.md` },
    source: 'falc',
    message: advice === undefined ? message : `${message}\n${advice}`,
    ...(code.startsWith('LOAD_UNUSED') && { tags: [1] }),
  }
}

const COMPLETION_KINDS: Readonly<Record<CompletionKind, CompletionItemKind>> = {
  field: CompletionItemKind.Field,
  operator: CompletionItemKind.Operator,
  macro: CompletionItemKind.Function,
  list: CompletionItemKind.Variable,
  rule: CompletionItemKind.Class,
  transformer: CompletionItemKind.Method,
  keyword: CompletionItemKind.Keyword,
  value: CompletionItemKind.Value,
  key: CompletionItemKind.Property,
}

/** What a client understands. */
export interface Client {
  readonly snippets: boolean
  /** What it lets a list of completions say for all of its items. */
  readonly defaults: readonly string[]
}

export function toCompletions(file: RulesFile, { items, range, source, incomplete }: Completions, client: Client) {
  const edited = toRange(file, range)
  const data: CompletionData = { uri: file.uri, source: source.name }
  const all = { ...(client.defaults.includes('editRange') && { editRange: edited }) }
  const defaults = client.defaults.includes('data') ? { ...all, data } : all
  return {
    isIncomplete: incomplete,
    itemDefaults: defaults,
    items: items.map(item => toCompletion(item, client, edited, data)),
  }
}

/** What a completion keeps for when its documentation is asked for. */
export interface CompletionData {
  readonly uri: string
  readonly source: string
}

function toCompletion(
  { label, kind, detail, insert, snippet }: Completion,
  { snippets, defaults }: Client,
  range: ProtocolRange,
  data: CompletionData,
) {
  const text = snippet && !snippets ? insert!.replace('$0', '') : insert
  return {
    label,
    kind: COMPLETION_KINDS[kind],
    ...(detail !== undefined && { detail }),
    ...(!defaults.includes('editRange')
      ? { textEdit: { range, newText: text ?? label } }
      : text !== undefined && { textEditText: text }),
    ...(snippet && snippets && { insertTextFormat: InsertTextFormat.Snippet }),
    ...(!defaults.includes('data') && { data }),
  }
}

/** The kind of a completion that a client has sent back. */
export function completionKind(kind: CompletionItemKind | undefined): CompletionKind {
  const kinds = Object.keys(COMPLETION_KINDS) as CompletionKind[]
  return kinds.find(one => COMPLETION_KINDS[one] === kind) ?? 'value'
}

const SYMBOL_KINDS: Readonly<Record<ItemKind, SymbolKind>> = {
  rule: SymbolKind.Class,
  macro: SymbolKind.Function,
  list: SymbolKind.Array,
}

export function toSymbol(file: RulesFile, { name, kind, detail, selection, ...range }: ItemSymbol): DocumentSymbol {
  return {
    name,
    detail,
    kind: SYMBOL_KINDS[kind],
    range: toRange(file, range),
    selectionRange: toRange(file, selection),
  }
}

export function toAction(file: RulesFile, { title, kind, edits, finding, preferred }: Action): CodeAction {
  return {
    title,
    kind: kind === 'quickfix' ? CodeActionKind.QuickFix : CodeActionKind.RefactorRewrite,
    ...(finding && { diagnostics: [toDiagnostic(file, finding)] }),
    ...(preferred && { isPreferred: true }),
    edit: {
      changes: { [file.uri]: edits.map(({ text, ...range }) => ({ range: toRange(file, range), newText: text })) },
    },
  }
}

/** Five numbers a word, each relative to the word before. Words of several lines are left out. */
export function toTokenData(file: RulesFile, colored: readonly Colored[]): number[] {
  const lines = linesOf(file)
  const data: number[] = []
  let line = 0
  let column = 0
  for (const { from, to, type } of colored) {
    const start = lines.positionAt(from)
    if (lines.positionAt(to).line !== start.line || (start.line === line && start.character < column)) continue
    data.push(
      start.line - line,
      start.line === line ? start.character - column : start.character,
      to - from,
      TOKEN_TYPES.indexOf(type),
      0,
    )
    line = start.line
    column = start.character
  }
  return data
}
