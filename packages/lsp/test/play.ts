import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { TOKEN_TYPES } from '../src/language/semantic-tokens.ts'
import type { Client, Position } from './client.ts'

interface Range {
  readonly start: Position
  readonly end: Position
}
interface Location {
  readonly uri: string
  readonly range: Range
}
type Play = (file: string, at: string, rest: string) => Promise<readonly string[]>

/**
 * Plays a session: lines of requests about the files of a folder.
 *
 *     hover rules.yaml at "spawned_|process"      the mark is where the cursor is, in the only place with this text
 *     edit rules.yaml at "|old|" to "new"
 *
 * Returns every request with its response, as text.
 */
export class Player {
  readonly #client: Client
  readonly #texts = new Map<string, TextDocument>()
  #version = 1

  constructor(client: Client, files: ReadonlyMap<string, string>) {
    this.#client = client
    for (const [file, text] of files) {
      mkdirSync(dirname(join(client.folder, file)), { recursive: true })
      writeFileSync(join(client.folder, file), text)
    }
  }

  async play(lines: readonly string[]): Promise<string> {
    const answers: string[] = []
    for (const line of lines) {
      const [, name, file = '', at = '', rest = ''] = /^(\S+)(?: (\S+))?(?: at "((?:[^"\\]|\\.)*)")?(?: (.*))?$/.exec(
        line,
      )!
      const step = this.#steps[name!]
      if (!step) throw new Error(`there is no request ${name}`)
      const found = await step
        .call(this, file, at.replaceAll('\\"', '"').replaceAll('\\n', '\n'), rest)
        .catch(error => [`failed: ${error.message}`])
      answers.push(`> ${line}`, ...found.map(one => `  ${one}`))
    }
    return answers.join('\n')
  }

  readonly #steps: Readonly<Record<string, Play>> = {
    open: async file => {
      const document = this.#text(file)
      this.#texts.set(file, document)
      await this.#client.notify('textDocument/didOpen', {
        textDocument: { uri: this.#uri(file), languageId: 'yaml', version: this.#version, text: document.getText() },
      })
      // Before that, the files beside it may not be known.
      await this.#client.settled()
      return []
    },
    close: async file => {
      this.#texts.delete(file)
      await this.#client.notify('textDocument/didClose', { textDocument: { uri: this.#uri(file) } })
      return []
    },
    edit: async (file, at, rest) => {
      const range = this.#marked(file, at)
      const text = JSON.parse(/^to (".*")$/.exec(rest)![1]!) as string
      const version = ++this.#version
      this.#texts.set(file, TextDocument.update(this.#text(file), [{ range, text }], version))
      await this.#client.notify('textDocument/didChange', {
        textDocument: { uri: this.#uri(file), version },
        contentChanges: [{ range, text }],
      })
      return []
    },
    write: async (file, _, rest) => {
      writeFileSync(join(this.#client.folder, file), JSON.parse(rest) as string)
      await this.#client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: this.#uri(file), type: 2 }] })
      return []
    },
    set: async (key, _, rest) => {
      this.#client.settings = { ...this.#client.settings, [key]: JSON.parse(rest) }
      await this.#client.notify('workspace/didChangeConfiguration', { settings: null })
      await this.#client.settled()
      return []
    },
    diagnostics: async file => {
      await this.#client.settled()
      const found = this.#client.diagnostics.get(this.#uri(file)) ?? []
      return found
        .map(({ range, severity, code, message }) => ({
          range,
          line: `${severity === 1 ? 'error' : 'warning'} ${code}: ${message.split('\n')[0]}`,
        }))
        .sort((a, b) => a.range.start.line - b.range.start.line || (a.line < b.line ? -1 : 1))
        .map(({ range, line }) => `${this.#shown(file, range)} ${line}`)
    },
    state: async () => {
      await this.#client.settled()
      return [JSON.stringify(await this.#client.ask('falc/state', {}))]
    },
    complete: async (file, at, rest) => {
      const found = await this.#ask('completion', file, at)
      if (!found) return ['nothing']
      const wanted = /^only (.*)$/.exec(rest)?.[1]?.split(' ')
      const items: { label: string; detail?: string; textEditText?: string }[] = found.items
      const shown = wanted ? items.filter(({ label }) => wanted.includes(label)) : items
      return [
        `replaces ${this.#shown(file, found.itemDefaults.editRange)}`,
        ...(shown.length > 12 ? [`${shown.length} items, among them:`] : []),
        ...shown
          .slice(0, 12)
          .map(({ label, detail, textEditText }) =>
            [
              label,
              ...(detail ? [`(${detail.split('\n')[0]})`] : []),
              ...(textEditText ? [JSON.stringify(textEditText)] : []),
            ].join(' '),
          ),
      ]
    },
    resolve: async (file, at, label) => {
      const found = await this.#ask('completion', file, at)
      const item = found.items.find((one: { label: string }) => one.label === label)
      const { documentation } = await this.#client.ask('completionItem/resolve', { ...found.itemDefaults, ...item })
      return documentation.value.split('\n')
    },
    hover: async (file, at) => {
      const found = await this.#ask('hover', file, at)
      return found ? [this.#shown(file, found.range), ...found.contents.value.split('\n')] : ['nothing']
    },
    definition: async (file, at) => this.#locations(await this.#ask('definition', file, at)),
    references: async (file, at) =>
      this.#locations(await this.#ask('references', file, at, { context: { includeDeclaration: true } })),
    uses: async (file, at) =>
      this.#locations(await this.#ask('references', file, at, { context: { includeDeclaration: false } })),
    highlight: async (file, at) =>
      (await this.#ask('documentHighlight', file, at)).map(({ range }: Location) => this.#shown(file, range)),
    rename: async (file, at, newName) => {
      const { changes } = await this.#ask('rename', file, at, { newName })
      return this.#edits(changes)
    },
    symbols: async file =>
      (await this.#ask('documentSymbol', file)).map(
        ({ name, detail, range }: any) => `${name} (${detail}) ${this.#shown(file, range)}`,
      ),
    find: async query =>
      (await this.#client.ask('workspace/symbol', { query })).map(
        ({ name, location }: any) => `${name} ${this.#place(location)}`,
      ),
    folds: async file =>
      (await this.#ask('foldingRange', file)).map(({ startLine, endLine }: any) => `${startLine + 1}–${endLine + 1}`),
    tokens: async file => {
      const { data } = await this.#ask('semanticTokens/full', file)
      return this.#tokens(file, data)
    },
    signature: async (file, at) => {
      const found = await this.#ask('signatureHelp', file, at)
      if (!found) return ['nothing']
      const [{ label, parameters, documentation }] = found.signatures
      return [`${label}, at ${parameters[found.activeParameter].label}: ${documentation}`]
    },
    inlays: async file => {
      const end = this.#text(file).positionAt(this.#text(file).getText().length)
      const found = await this.#ask('inlayHint', file, undefined, { range: { start: { line: 0, character: 0 }, end } })
      return (found ?? []).map(({ position, label }: any) => `${position.line + 1}:${position.character + 1} ${label}`)
    },
    actions: async (file, at) => {
      const range = this.#marked(file, at)
      const found = await this.#ask('codeAction', file, undefined, { range, context: { diagnostics: [] } })
      return found.flatMap(({ title, edit }: any) => [title, ...this.#edits(edit.changes).map(one => `  ${one}`)])
    },
    lenses: async file =>
      ((await this.#ask('codeLens', file)) ?? []).map(
        ({ range, command }: any) =>
          `${range.start.line + 1} ${command.title}: ${command.arguments[0].map((uri: string) => this.#name(uri))}`,
      ),
    run: async file => {
      const [{ command }] = await this.#ask('codeLens', file)
      const { title, failed } = await this.#client.ask('workspace/executeCommand', {
        command: command.command,
        arguments: command.arguments,
      })
      return [title, ...failed]
    },
    format: async file => {
      const edits = await this.#ask('formatting', file, undefined, { options: { tabSize: 2, insertSpaces: true } })
      return TextDocument.applyEdits(this.#text(file), edits ?? []).split('\n')
    },
  }

  #ask(method: string, file: string, at?: string, more: object = {}): Promise<any> {
    const position = at === undefined || at === '' ? {} : { position: this.#marked(file, at).start }
    return this.#client.ask(`textDocument/${method}`, { textDocument: { uri: this.#uri(file) }, ...position, ...more })
  }

  #uri(file: string): string {
    return pathToFileURL(join(this.#client.folder, file)).href
  }

  #name(uri: string): string {
    return uri.slice(this.#client.uri('').length + 1)
  }

  #text(file: string): TextDocument {
    return (
      this.#texts.get(file) ??
      TextDocument.create(this.#uri(file), 'yaml', this.#version, readFileSync(join(this.#client.folder, file), 'utf8'))
    )
  }

  /** The range of a text with one mark or two: `ab|cd`, `|ab|`. */
  #marked(file: string, at: string): Range {
    const document = this.#text(file)
    const plain = at.replaceAll('|', '')
    const from = document.getText().indexOf(plain)
    if (from < 0 || (plain !== '' && document.getText().indexOf(plain, from + 1) >= 0))
      throw new Error(`"${plain}" is not in ${file} once`)
    const start = from + at.indexOf('|')
    const end = from + Math.max(at.lastIndexOf('|') - 1, at.indexOf('|'))
    return { start: document.positionAt(start), end: document.positionAt(end) }
  }

  #shown(file: string, range: Range): string {
    const { start, end } = range
    const text = this.#text(file).getText(range)
    const where = `${start.line + 1}:${start.character + 1}`
    return start.line === end.line ? `${where} «${text}»` : `${where}–${end.line + 1}:${end.character + 1}`
  }

  #place({ uri, range }: Location): string {
    const file = this.#name(uri)
    return `${file}:${this.#shown(file, range)}`
  }

  #locations(found: readonly Location[] | null): string[] {
    return found && found.length > 0 ? found.map(one => this.#place(one)) : ['nothing']
  }

  #edits(changes: Readonly<Record<string, readonly { readonly range: Range; readonly newText: string }[]>>): string[] {
    return Object.entries(changes).flatMap(([uri, edits]) =>
      edits.map(({ range, newText }) => `${this.#place({ uri, range })} → ${JSON.stringify(newText)}`),
    )
  }

  #tokens(file: string, data: readonly number[]): string[] {
    const shown: string[] = []
    let line = 0
    let character = 0
    for (let i = 0; i < data.length; i += 5) {
      const [down, right, length, type] = data.slice(i, i + 4) as [number, number, number, number]
      character = down > 0 ? right : character + right
      line += down
      const range = { start: { line, character }, end: { line, character: character + length } }
      const word = `${this.#text(file).getText(range)}:${TOKEN_TYPES[type]}`
      if (down > 0 || shown.length === 0) shown.push(word)
      else shown.push(`${shown.pop()} ${word}`)
    }
    return shown
  }
}
