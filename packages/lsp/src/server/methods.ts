import { FormatError, formatFile } from '@falc/authoring'
import {
  type Connection,
  LSPErrorCodes,
  MarkupKind,
  MessageType,
  ResponseError,
  ShowMessageNotification,
  type TextDocumentPositionParams,
  type WorkspaceEdit,
} from 'vscode-languageserver'
import type { Range } from '../document/outline.ts'
import { actionsAt } from '../language/actions.ts'
import { complete, docOf } from '../language/completion/complete.ts'
import { hover } from '../language/hover.ts'
import { inlaysOf } from '../language/inlay.ts'
import { lensesOf } from '../language/lens.ts'
import { definitionsAt, referencesAt, renamable, rename } from '../language/navigation.ts'
import { coloredTokens } from '../language/semantic-tokens.ts'
import { signatureAt } from '../language/signature.ts'
import { findSymbols, foldsOf, symbolsOf } from '../language/symbols.ts'
import type { Target, View } from '../workspace/view.ts'
import { pathOf } from './disk.ts'
import type { Session } from './session.ts'
import {
  type Client,
  type CompletionData,
  completionKind,
  linesOf,
  rangeOf,
  toAction,
  toCompletions,
  toRange,
  toSymbol,
  toTokenData,
} from './to-protocol.ts'

export const RUN_TESTS = 'falc.runTests'

const markdown = (value: string) => ({ kind: MarkupKind.Markdown, value })

/** Answers the requests of a connection from a session. */
export function answer(connection: Connection, session: Session, client: () => Client): void {
  const at = <T>(
    { textDocument, position }: TextDocumentPositionParams,
    ask: (view: View, offset: number) => T,
  ): T | null => {
    const view = session.view(textDocument.uri)
    return view ? ask(view, linesOf(view.file).offsetAt(position)) : null
  }
  const location = ({ uri, ...range }: Target) => ({ uri, range: toRange(session.file(uri)!, range) })
  const offsets = (view: View, { start, end }: { start: any; end: any }): Range => {
    const lines = linesOf(view.file)
    return { from: lines.offsetAt(start), to: lines.offsetAt(end) }
  }

  connection.onCompletion(params =>
    at(params, (view, offset) => {
      const found = complete(view, offset)
      return found ? toCompletions(view.file, found, client()) : null
    }),
  )
  connection.onCompletionResolve(item => {
    const { uri, source } = item.data as CompletionData
    const view = session.view(uri)
    const words = session.words.source(source)
    const doc = view && words && docOf(view, completionKind(item.kind), item.label, words)
    return doc === undefined ? item : { ...item, documentation: markdown(doc) }
  })
  connection.onHover(params =>
    at(params, (view, offset) => {
      const found = hover(view, offset)
      return found ? { contents: markdown(found.text), range: toRange(view.file, found) } : null
    }),
  )
  connection.onDefinition(params => at(params, (view, offset) => definitionsAt(view, offset).map(location)))
  connection.onReferences(params =>
    at(params, (view, offset) => referencesAt(view, offset, params.context.includeDeclaration).map(location)),
  )
  connection.onDocumentHighlight(params =>
    at(params, (view, offset) =>
      referencesAt(view, offset, true)
        .filter(({ uri }) => uri === view.file.uri)
        .map(range => ({ range: toRange(view.file, range) })),
    ),
  )
  connection.onPrepareRename(params =>
    at(params, (view, offset) => {
      const named = renamable(view, offset)
      return named ? { range: toRange(view.file, named), placeholder: named.text } : null
    }),
  )
  connection.onRenameRequest(params =>
    at(params, (view, offset): WorkspaceEdit => {
      const targets = rename(view, offset, params.newName)
      if (typeof targets === 'string') throw new ResponseError(LSPErrorCodes.RequestFailed, targets)
      const changes: NonNullable<WorkspaceEdit['changes']> = {}
      for (const target of targets)
        (changes[target.uri] ??= []).push({ range: location(target).range, newText: params.newName })
      return { changes }
    }),
  )
  connection.onDocumentSymbol(({ textDocument: { uri } }) => {
    const view = session.view(uri)
    return view?.rules.hasRules ? symbolsOf(view.file).map(symbol => toSymbol(view.file, symbol)) : null
  })
  connection.onWorkspaceSymbol(async ({ query }) => {
    await session.ready
    return findSymbols(session.workspace.files, query).map(({ uri, symbol }) => {
      const { name, kind, selectionRange: range } = toSymbol(session.workspace.file(uri)!, symbol)
      return { name, kind, location: { uri, range } }
    })
  })
  connection.onFoldingRanges(({ textDocument: { uri } }) => {
    const view = session.view(uri)
    if (!view?.rules.hasRules) return null
    return foldsOf(view.file).map(range => {
      const { start, end } = toRange(view.file, range)
      return { startLine: start.line, endLine: end.line }
    })
  })
  connection.onSignatureHelp(params =>
    at(params, (view, offset) => {
      const found = signatureAt(view, offset)
      if (!found) return null
      const { label, parameters, active, doc } = found
      const signature = { label, documentation: doc, parameters: parameters.map(parameter => ({ label: parameter })) }
      return { signatures: [signature], activeSignature: 0, activeParameter: active }
    }),
  )
  connection.languages.semanticTokens.on(({ textDocument: { uri } }) => {
    const view = session.view(uri)
    return { data: view ? toTokenData(view.file, coloredTokens(view)) : [] }
  })
  connection.languages.semanticTokens.onRange(({ textDocument: { uri }, range }) => {
    const view = session.view(uri)
    return { data: view ? toTokenData(view.file, coloredTokens(view, offsets(view, range))) : [] }
  })
  connection.languages.inlayHint.on(({ textDocument: { uri }, range }) => {
    const view = session.view(uri)
    if (!view || !session.settings.absentHints) return null
    return inlaysOf(view, offsets(view, range)).map(({ at, label, doc }) => ({
      position: linesOf(view.file).positionAt(at),
      label,
      paddingLeft: true,
      tooltip: markdown(doc),
    }))
  })
  connection.onDocumentFormatting(({ textDocument: { uri } }) => {
    const view = session.view(uri)
    if (!view?.rules.hasRules) return null
    const { text } = view.rules
    const formatted = formattedText(text)
    if (formatted === text) return []
    return [{ range: toRange(view.file, { from: 0, to: text.length }), newText: formatted }]
  })
  connection.onCodeAction(({ textDocument: { uri }, range }) => {
    const view = session.view(uri)
    if (!view) return null
    const asked = offsets(view, range)
    const findings = session.findings(uri).filter(finding => {
      const { from, to } = rangeOf(view.rules.text, finding)
      return from <= asked.to && to >= asked.from
    })
    return actionsAt(view, asked, findings).map(action => toAction(view.file, action))
  })
  connection.onCodeLens(({ textDocument: { uri } }) => {
    const view = session.view(uri)
    if (!view || !session.settings.testLenses) return null
    return lensesOf(view).map(({ title, files, from, to }) => ({
      range: toRange(view.file, { from, to }),
      command: { title, command: RUN_TESTS, arguments: [files] },
    }))
  })
  connection.onExecuteCommand(async ({ command, arguments: [files] = [] }) => {
    if (command !== RUN_TESTS) throw new ResponseError(LSPErrorCodes.RequestFailed, `there is no command ${command}`)
    const paths = (Array.isArray(files) ? files : []).flatMap(uri => pathOf(String(uri)) ?? [])
    const tests = new Set([...session.tests.keys()].map(pathOf))
    const known = paths.filter(path => tests.has(path))
    if (known.length === 0) return { title: 'There are no such tests.', failed: [] }
    const results = summary(await session.host.runTests(known))
    const failed = results.failed.length > 0
    void connection.sendNotification(ShowMessageNotification.type, {
      type: failed ? MessageType.Error : MessageType.Info,
      message: [results.title, ...results.failed].join('\n'),
    })
    return results
  })
}

function formattedText(text: string): string {
  try {
    return formatFile(text)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new ResponseError(LSPErrorCodes.RequestFailed, `line ${error.line}: ${error.message}`)
  }
}

/** The lines that `falc test --format json` prints. */
function summary(lines: string) {
  const results = lines.split('\n').flatMap(line => {
    if (!line.startsWith('{')) return []
    const { name, ok, problems } = JSON.parse(line) as { name: string; ok: boolean; problems: string[] }
    return [{ name, ok, problems }]
  })
  if (results.length === 0) return { title: 'The tests did not run.', failed: [lines.trim().slice(0, 500)] }
  const failed = results
    .filter(({ ok }) => !ok)
    .map(({ name, problems }) => `${name}: ${problems[0]?.split('\n')[0] ?? ''}`)
  const all = `${results.length} test${results.length === 1 ? '' : 's'}`
  return { title: failed.length === 0 ? `${all} passed.` : `${failed.length} of ${all} failed.`, failed }
}
