import {
  CodeActionKind,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type ServerCapabilities,
  TextDocumentSyncKind,
} from 'vscode-languageserver'
import { TOKEN_TYPES } from '../language/semantic-tokens.ts'
import { answer, RUN_TESTS } from './methods.ts'
import { type Host, Session } from './session.ts'

const CAPABILITIES: ServerCapabilities = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
  completionProvider: { triggerCharacters: ['.', '%', '(', ' ', ',', '['], resolveProvider: true },
  hoverProvider: true,
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  documentSymbolProvider: true,
  workspaceSymbolProvider: true,
  foldingRangeProvider: true,
  signatureHelpProvider: { triggerCharacters: ['(', ','] },
  semanticTokensProvider: { legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [] }, full: true, range: true },
  inlayHintProvider: true,
  documentFormattingProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.RefactorRewrite] },
  codeLensProvider: {},
  executeCommandProvider: { commands: [RUN_TESTS] },
  workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
}

const WATCHED = { watchers: [{ globPattern: '**/*.{yaml,yml}' }] }

/** Serves one client until it disconnects. */
export function serve(connection: Connection, host: Host, version: string): void {
  const session = new Session(connection, host)
  let asked: InitializeParams | undefined
  const folders = () => asked?.workspaceFolders?.map(({ uri }) => uri) ?? (asked?.rootUri ? [asked.rootUri] : [])
  const configured = () => asked?.capabilities.workspace?.configuration === true

  connection.onInitialize(params => {
    asked = params
    return { capabilities: CAPABILITIES, serverInfo: { name: 'falc', version } }
  })
  connection.onInitialized(async () => {
    const { workspace } = asked!.capabilities
    if (workspace?.didChangeConfiguration?.dynamicRegistration)
      void connection.client.register(DidChangeConfigurationNotification.type, { section: 'falc' })
    if (workspace?.didChangeWatchedFiles?.dynamicRegistration)
      void connection.client.register(DidChangeWatchedFilesNotification.type, WATCHED)
    if (workspace?.workspaceFolders)
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(removed.map(({ uri }) => uri))
        asked!.workspaceFolders = [...(asked!.workspaceFolders ?? []).filter(({ uri }) => !gone.has(uri)), ...added]
        void session.configure(Promise.resolve(session.settings), folders())
      })
    await session.configure(current(undefined), folders())
  })
  connection.onDidChangeConfiguration(({ settings }) =>
    session.configure(current((settings as { falc?: unknown } | null)?.falc)),
  )
  connection.onDidOpenTextDocument(({ textDocument: { uri, version, text } }) => session.open(uri, version, text))
  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) =>
    session.change(uri, version, contentChanges),
  )
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => session.close(uri))
  connection.onDidChangeWatchedFiles(({ changes }) => session.refresh(changes.map(({ uri }) => uri)))
  connection.onRequest('falc/state', () => session.state)
  answer(connection, session, () => {
    const completion = asked?.capabilities.textDocument?.completion
    return {
      snippets: completion?.completionItem?.snippetSupport === true,
      defaults: completion?.completionList?.itemDefaults ?? [],
    }
  })
  connection.onShutdown(() => session.stop())
  connection.listen()

  /** Some clients know their settings by no name, and answer null: Helix sends them with its first request. */
  async function current(sent: unknown): Promise<unknown> {
    const answer = configured() ? await connection.workspace.getConfiguration('falc') : undefined
    return answer ?? sent ?? asked?.initializationOptions
  }
}
