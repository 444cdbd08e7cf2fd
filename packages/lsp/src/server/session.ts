import type { Finding } from '@falc/authoring'
import type { Source } from '@falc/engine'
import type { Connection, TextDocumentContentChangeEvent } from 'vscode-languageserver'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { Analyst, type Thread } from '../analysis/analyst.ts'
import { wordsIn } from '../document/outline.ts'
import { RulesDocument } from '../document/rules-document.ts'
import { Vocabulary } from '../vocabulary.ts'
import { View } from '../workspace/view.ts'
import { folderOf, type RulesFile, Workspace } from '../workspace/workspace.ts'
import { canonical, isYaml, textOf, yamlFiles } from './disk.ts'
import { shifted, wanted } from './findings.ts'
import { type Settings, settingsFrom } from './settings.ts'
import { toDiagnostic } from './to-protocol.ts'

/** What the program around the server gives it. */
export interface Host {
  readonly sources: readonly Source[]
  /** A thread that runs `serveAnalyses`. */
  startThread(): Thread
  /** Runs test files, and resolves with a line for each test, as JSON. */
  runTests(files: readonly string[]): Promise<string>
}

/** Milliseconds without a keystroke before a file is analysed. */
const PAUSE_MS = 120

interface Open {
  document: TextDocument
  /** As far as the last analysis is known, at their places in the text of now. */
  findings: readonly Finding[]
  /** Some analysis of it has been finished. */
  analysed: boolean
}

/** The state of one connection: open files, what is on the disk, settings. */
export class Session {
  readonly workspace = new Workspace()
  readonly words: Vocabulary
  readonly host: Host
  settings: Settings = settingsFrom(undefined)
  folders: readonly string[] = []
  /** Test files (`*.test.yaml`), which name rules. */
  readonly tests = new Map<string, RulesFile>()
  readonly #open = new Map<string, Open>()
  readonly #analyst: Analyst
  readonly #connection: Connection
  readonly #due = new Map<string, NodeJS.Timeout>()
  readonly #searched = new Set<string>()
  #searching: Promise<void> = Promise.resolve()
  /** Works that have not ended. */
  #pending = 0

  constructor(connection: Connection, host: Host) {
    this.#connection = connection
    this.host = host
    this.words = new Vocabulary(host.sources)
    this.#analyst = new Analyst(() => host.startThread(), {
      found: (uri, text, findings, done) => this.#found(uri, text, findings, done),
      log: message => connection.console.error(message),
    })
  }

  /** Resolves when the files of the workspace are known. */
  get ready(): Promise<void> {
    return this.#searching
  }

  document(uri: string): TextDocument | undefined {
    return this.#open.get(canonical(uri))?.document
  }

  /** undefined: it is not open, or has no rules. */
  view(uri: string): View | undefined {
    const file = this.workspace.file(canonical(uri))
    const related = (one: string) => this.workspace.related(one)
    return file && new View(file, this.workspace.project(file.uri), this.words, this.tests, related)
  }

  /** A file with rules, or a test file. */
  file(uri: string): RulesFile | undefined {
    return this.workspace.file(uri) ?? this.tests.get(uri)
  }

  findings(uri: string): readonly Finding[] {
    return this.#open.get(canonical(uri))?.findings ?? []
  }

  open(uri: string, version: number, text: string): void {
    const own = canonical(uri)
    this.#open.set(own, { document: TextDocument.create(uri, 'yaml', version, text), findings: [], analysed: false })
    this.#take(own, text)
    this.#search(folderOf(own), false)
    void this.#whenDone(this.#searching, () => this.#schedule(own, 0))
  }

  change(uri: string, version: number, changes: TextDocumentContentChangeEvent[]): void {
    const own = canonical(uri)
    const open = this.#open.get(own)
    if (!open) return
    for (const change of changes) {
      if ('range' in change) {
        const from = open.document.offsetAt(change.range.start)
        const to = open.document.offsetAt(change.range.end)
        open.findings = shifted(open.findings, from, to, change.text.length)
      } else open.findings = []
      open.document = TextDocument.update(open.document, [change], version)
    }
    this.#take(own, open.document.getText())
    this.#schedule(own, PAUSE_MS)
  }

  close(uri: string): void {
    const own = canonical(uri)
    this.#open.delete(own)
    clearTimeout(this.#due.get(own))
    this.#due.delete(own)
    this.#analyst.forget(own)
    void this.#connection.sendDiagnostics({ uri, diagnostics: [] })
    void this.refresh([own])
  }

  /** Reads files that have changed on disk again. */
  refresh(uris: readonly string[]): Promise<void> {
    return this.#whenDone(this.#readAgain(uris), () => this.checkAll())
  }

  /** @param given what the client answers when it is asked for its settings */
  configure(given: Promise<unknown>, folders: readonly string[] = this.folders): Promise<void> {
    // At once: another change of the settings may come before the answer.
    this.folders = folders.map(canonical)
    // A client that does not answer has no settings.
    const known = given.catch(() => undefined)
    return this.#whenDone(known, settings => {
      this.settings = settingsFrom(settings)
      const base = `${this.folders[0] ?? 'file:///'}/`
      const before = this.settings.loadBefore.flatMap(path => resolved(path, base))
      this.workspace.before = before
      for (const folder of this.folders) this.#search(folder, true)
      for (const uri of before) this.#search(isYaml(uri) ? folderOf(uri) : uri, false)
      void this.#whenDone(this.#searching, () => this.checkAll())
    })
  }

  checkAll(): void {
    for (const uri of this.#open.keys()) this.#schedule(uri, PAUSE_MS)
  }

  async stop(): Promise<void> {
    for (const timer of this.#due.values()) clearTimeout(timer)
    this.#open.clear()
    await this.#analyst.close()
  }

  async #readAgain(uris: readonly string[]): Promise<void> {
    for (const uri of uris.map(canonical)) {
      if (this.#open.has(uri)) continue
      const text = await textOf(uri)
      if (this.#open.has(uri)) continue
      if (text === undefined) {
        this.workspace.delete(uri)
        if (this.workspace.order(uri, [])) this.checkAll()
        this.tests.delete(uri)
      } else this.#take(uri, text)
    }
  }

  async #whenDone<T>(work: Promise<T>, act: (result: T) => void): Promise<void> {
    this.#pending++
    try {
      act(await work)
    } catch (error) {
      this.#connection.console.error(String(error))
    } finally {
      this.#pending--
    }
  }

  /** What the server holds, for tests: nothing of it may grow with what has been closed. */
  get state(): Readonly<Record<string, unknown>> {
    return {
      open: this.#open.size,
      files: [...this.workspace.files].length,
      idle: this.#analyst.isIdle && this.#due.size + this.#pending === 0,
    }
  }

  #take(uri: string, text: string): void {
    if (/\/falco\.ya?ml$/.test(uri) && this.workspace.order(uri, rulesFilesOf(text))) this.checkAll()
    if (/\.test\.ya?ml$/.test(uri)) this.tests.set(uri, { uri, rules: new RulesDocument(text) })
    else if (this.#open.has(uri) || new RulesDocument(text).hasRules) this.workspace.set(uri, text)
    else this.workspace.delete(uri)
  }

  /** Reads the files of a folder, once; also in a folder of the workspace, whose search leaves out some folders. */
  #search(folder: string, deep: boolean): void {
    const key = `${folder} ${deep}`
    if (this.#searched.has(key)) return
    this.#searched.add(key)
    this.#searching = this.#searching.then(async () => {
      for await (const { uri, text } of yamlFiles(folder, deep))
        if (!this.#open.has(canonical(uri))) this.#take(canonical(uri), text)
    })
  }

  #schedule(uri: string, delay: number): void {
    clearTimeout(this.#due.get(uri))
    this.#due.set(
      uri,
      setTimeout(() => {
        this.#due.delete(uri)
        this.#check(uri)
      }, delay),
    )
  }

  /** Asks for the analysis of an open file, and of those that build upon it. */
  #check(uri: string): void {
    const file = this.workspace.file(uri)
    const open = this.#open.get(uri)
    if (!file || !open) return
    const project = this.workspace.project(uri)
    if (file.rules.hasRules || open.analysed) this.#analyst.check(file, before(project, file), this.settings.lint)
    // What is loaded before all others is in many projects.
    for (const one of this.#open.keys()) {
      const later = this.workspace.file(one)
      if (!later?.rules.hasRules || this.#due.has(one)) continue
      const files = this.workspace.project(one)
      const at = files.indexOf(file)
      if (at >= 0 && at < files.indexOf(later)) this.#analyst.check(later, before(files, later), this.settings.lint)
    }
  }

  #found(uri: string, text: string, findings: readonly Finding[], done: boolean): void {
    const open = this.#open.get(uri)
    const view = this.view(uri)
    // What was found in an earlier text has other places; an analysis of this one comes.
    if (!open || !view || open.document.getText() !== text) return
    const own = wanted(view, findings)
    // Until lint has run again, what it found before stays, moved.
    const kept = done || !open.analysed ? [] : open.findings.filter(({ code }) => !code.startsWith('LOAD_'))
    open.findings = [...own, ...kept]
    if (done) open.analysed = true
    void this.#connection.sendDiagnostics({
      uri: open.document.uri,
      version: open.document.version,
      diagnostics: open.findings.map(finding => toDiagnostic(view.file, finding)),
    })
  }
}

function before(project: readonly RulesFile[], file: RulesFile): readonly RulesFile[] {
  return project.slice(0, project.indexOf(file)).filter(({ rules }) => rules.hasRules)
}

/** What a falco.yaml loads, in order. */
function rulesFilesOf(text: string): string[] {
  const match = /^rules?_files?:((?:.*\n(?=[ \t#-]|\r?\n))*.*)/m.exec(text)
  if (!match) return []
  const to = match.index + match[0].length
  return wordsIn(text, { from: to - match[1]!.length, to }).map(word => word.text)
}

/** A path of the settings; malformed ones are left out. */
function resolved(path: string, base: string): string[] {
  return URL.canParse(path, base) ? [canonical(new URL(path, base).href)] : []
}
