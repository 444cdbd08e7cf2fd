/** Answers the editor on a worker thread: diagnostics and completions. */
import { alerts, ConditionError, compileCondition } from '@falc/engine'
import {
  type Check,
  type Completion,
  coloredTokens,
  complete,
  docOf,
  type Found,
  hover,
  type Port,
  RulesDocument,
  type RulesFile,
  serveAnalyses,
  View,
  Vocabulary,
} from '@falc/lsp/language'
import type { Color, Finding, News, Offers, RulesText, Span } from './messages.ts'
import { SOURCES } from './run.ts'

const sources = Object.values(SOURCES)
const alertSource = alerts({ sources })

export class Language {
  readonly #tell: (news: News) => void
  readonly #words = new Vocabulary([...sources, alertSource])
  #files: readonly RulesFile[] = []
  readonly #ask: (check: Check) => void
  readonly #sent = new Map<string, string>()
  #id = 0

  constructor(tell: (news: News) => void) {
    this.#tell = tell
    let ask: ((check: Check) => void) | undefined
    const port: Port<Found, Check> = {
      postMessage: found => this.#found(found),
      on: (_, listener) => void (ask = listener),
    }
    serveAnalyses(port, sources)
    this.#ask = ask!
  }

  texts(files: readonly RulesText[]): void {
    this.#files = files.map(
      ({ name, content }) =>
        this.#files.find(({ uri, rules }) => uri === name && rules.text === content) ?? {
          ...{ uri: name, rules: new RulesDocument(content) },
        },
    )
  }

  check(name: string): void {
    const at = this.#files.findIndex(({ uri }) => uri === name)
    const needed = this.#files.slice(0, at + 1)
    const texts = needed.flatMap(({ uri, rules: { text } }) =>
      this.#sent.get(uri) === text ? [] : [[uri, text] as const],
    )
    for (const [uri, text] of texts) this.#sent.set(uri, text)
    const before = needed.slice(0, -1).map(({ uri }) => uri)
    this.#ask({ id: ++this.#id, uri: name, before, lint: true, texts })
  }

  #found({ uri, stage, findings }: Found): void {
    // A macro that a later file uses is not unused.
    const shown = findings.filter(({ code, place }) => {
      const kind = code === 'LOAD_UNUSED_MACRO' ? 'macro' : code === 'LOAD_UNUSED_LIST' ? 'list' : undefined
      const view = kind && this.#view(uri)
      const item = view?.rules.itemAt(place.offset)
      if (!view || !item) return true
      return view.references(item.kind, item.name.text).length <= view.definitions(item.kind, item.name.text).length
    })
    const plain = shown.map(({ code, severity, message, advice, place, fix }): Finding => {
      const { file, line, column, offset, length } = place
      return {
        ...{ code, severity, message, place: { file, line, column, offset, length } },
        ...(advice !== undefined && { advice }),
        ...(fix?.edits.every(edit => edit.place.file === file) && {
          fix: fix.edits.map(({ place, text }) => ({ offset: place.offset, length: place.length, text })),
        }),
      }
    })
    this.#tell({ news: 'found', name: uri, findings: plain, done: stage !== 'load' })
  }

  complete(name: string, offset: number): Offers | undefined {
    const view = this.#view(name)
    const found = view && complete(view, offset)
    return found && { range: found.range, items: found.items, incomplete: found.incomplete }
  }

  doc(name: string, offset: number, label: string, kind: Completion['kind']): string | undefined {
    const view = this.#view(name)
    return view && docOf(view, kind, label, view.sourceOf(view.rules.itemAt(offset)))
  }

  hover(name: string, offset: number): (Span & { text: string }) | undefined {
    const view = this.#view(name)
    const found = view && hover(view, offset)
    return found && { from: found.from, to: found.to, text: found.text }
  }

  colors(name: string): Color[] {
    const view = this.#view(name)
    return view ? coloredTokens(view).map(({ from, to, type }) => ({ from, to, type })) : []
  }

  completeFilter(text: string, offset: number): Offers | undefined {
    // A rule whose condition it is: what editors know of conditions holds for it.
    const head = '- rule: filter\n  source: alert\n  condition: '
    const file = { uri: 'filter', rules: new RulesDocument(head + text.replace(/\n/g, ' ')) }
    const found = complete(new View(file, [], this.#words), head.length + offset)
    if (!found) return undefined
    const { from, to } = found.range
    const range = { from: Math.max(0, from - head.length), to: to - head.length }
    return { range, items: found.items, incomplete: found.incomplete }
  }

  checkFilter(text: string): (Span & { message: string }) | undefined {
    if (text.trim() === '') return undefined
    try {
      compileCondition(text, alertSource, { backend: 'vm' })
      return undefined
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error
      const { offset, length } = error.span
      return { from: offset, to: offset + length, message: error.message }
    }
  }

  #view(name: string): View | undefined {
    const file = this.#files.find(({ uri }) => uri === name)
    return file && new View(file, this.#files, this.#words)
  }
}
