import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node'
import { until } from '../../../scripts/testing/wait.ts'

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url))

/** The servers share compiled code. */
const CACHE = mkdtempSync(join(tmpdir(), 'falc-compiled-'))
process.on('exit', () => rmSync(CACHE, { recursive: true, force: true }))

export interface Diagnostic {
  readonly range: { readonly start: Position; readonly end: Position }
  readonly severity: number
  readonly code: string
  readonly message: string
}

export interface Position {
  readonly line: number
  readonly character: number
}

/** `falc lsp` as a child process, and a client that speaks JSON-RPC with it over standard input and output. */
export class Client {
  readonly connection: MessageConnection
  readonly child: ChildProcess
  readonly exit: Promise<number | null>
  readonly folder: string
  /** The latest diagnostics of each file, by URI. */
  readonly diagnostics = new Map<string, readonly Diagnostic[]>()
  readonly messages: string[] = []
  /** The client's response for the section `falc`. */
  settings: Record<string, unknown> | null = {}
  stderr = ''

  constructor(folder: string) {
    this.folder = folder
    this.child = spawn(process.execPath, ['--conditions=@falc/source', '--no-warnings', MAIN, 'lsp'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: folder, NODE_COMPILE_CACHE: CACHE },
    })
    this.child.stderr!.setEncoding('utf8').on('data', text => {
      this.stderr += text
    })
    this.exit = new Promise(resolve => this.child.once('exit', code => resolve(code)))
    this.connection = createMessageConnection(
      new StreamMessageReader(this.child.stdout!),
      new StreamMessageWriter(this.child.stdin!),
    )
    this.connection.onNotification('textDocument/publishDiagnostics', ({ uri, diagnostics }) => {
      this.diagnostics.set(uri, diagnostics)
    })
    for (const method of ['window/showMessage', 'window/logMessage'])
      this.connection.onNotification(method, ({ message }) => {
        this.messages.push(message)
      })
    this.connection.onRequest('workspace/configuration', () => [this.settings])
    this.connection.onRequest('client/registerCapability', () => null)
    this.connection.onError(() => {})
    this.connection.listen()
  }

  /** @param initializationOptions settings that come with the first request */
  async initialize(initializationOptions?: object): Promise<any> {
    const result = await this.connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: this.uri(''),
      workspaceFolders: [{ uri: this.uri(''), name: 'rules' }],
      ...(initializationOptions && { initializationOptions }),
      capabilities: {
        workspace: { configuration: true, didChangeWatchedFiles: { dynamicRegistration: true } },
        textDocument: {
          completion: {
            completionItem: { snippetSupport: true },
            completionList: { itemDefaults: ['editRange', 'data'] },
          },
        },
      },
    })
    await this.notify('initialized', {})
    return result
  }

  uri(file: string): string {
    return pathToFileURL(`${this.folder}/${file}`).href.replace(/\/$/, '')
  }

  /** Fails when the server exits first. */
  ask<T = any>(method: string, params: object): Promise<T> {
    const ended = this.exit.then(code => {
      throw new Error(`falc lsp ended with ${code} before it answered ${method}: ${this.stderr}`)
    })
    return Promise.race([this.connection.sendRequest<T>(method, params), ended])
  }

  notify(method: string, params: object): Promise<void> {
    return this.connection.sendNotification(method, params)
  }

  /** Resolves when every open file has been analysed. */
  async settled(): Promise<void> {
    await until('the analysis of all files', async () => (await this.ask<{ idle: boolean }>('falc/state', {})).idle)
  }

  async stop(): Promise<number | null> {
    await this.ask('shutdown', {})
    await this.notify('exit', {})
    return this.exit
  }
}
