import {
  entryOf,
  type Item,
  type ItemKind,
  keysOf,
  pairsIn,
  type Range,
  scalarAt,
  type Word,
  wordsIn,
} from '../document/outline.ts'
import type { Definition, RulesDocument, Use } from '../document/rules-document.ts'
import type { SourceWords, Vocabulary } from '../vocabulary.ts'
import type { RulesFile } from './workspace.ts'

/** A range of a file. */
export interface Target extends Range {
  readonly uri: string
}

export interface DefinedIn {
  readonly file: RulesFile
  readonly definition: Definition
}

/** What a question about a file is answered from: the file, those that are loaded with it, and the words of the language. */
export class View {
  readonly file: RulesFile
  readonly project: readonly RulesFile[]
  readonly words: Vocabulary
  /** By URI. */
  readonly tests: ReadonlyMap<string, RulesFile>
  readonly #related: (uri: string) => readonly RulesFile[]

  /** @param related the files of all projects that a file is in */
  constructor(
    file: RulesFile,
    project: readonly RulesFile[],
    words: Vocabulary,
    tests: ReadonlyMap<string, RulesFile> = new Map(),
    related: (uri: string) => readonly RulesFile[] = () => [],
  ) {
    this.tests = tests
    this.#related = related
    this.file = file
    this.project = project.includes(file) ? project : [...project, file]
    this.words = words
  }

  get rules(): RulesDocument {
    return this.file.rules
  }

  /** All definitions and changes of a name, in the order of loading. */
  definitions(kind: ItemKind, name: string): DefinedIn[] {
    return this.project.flatMap(file =>
      (file.rules.definitions.get(`${kind} ${name}`) ?? []).map(definition => ({ file, definition })),
    )
  }

  isDefined(kind: ItemKind, name: string): boolean {
    return this.project.some(({ rules }) => rules.definitions.has(`${kind} ${name}`))
  }

  /** Names of one kind, each once. */
  names(kind: ItemKind): string[] {
    const prefix = `${kind} `
    const names = this.project.flatMap(({ rules }) =>
      [...rules.definitions.keys()].flatMap(key => (key.startsWith(prefix) ? [key.slice(prefix.length)] : [])),
    )
    return [...new Set(names)]
  }

  /** The files in which a name means what it means here: of all projects with a file that defines it. */
  sharers(kind: ItemKind, name: string): ReadonlySet<RulesFile> {
    return new Set([...this.project, ...this.definitions(kind, name).flatMap(({ file }) => this.#related(file.uri))])
  }

  /** Where a name is used, with its definitions unless they are not wanted; of a rule also in test files. */
  references(kind: ItemKind, name: string, withDefinitions = true): Target[] {
    const inTests = kind === 'rule' ? [...this.tests.values()].flatMap(file => expectedIn(file, name)) : []
    const inRules = [...this.sharers(kind, name)].flatMap(({ uri, rules }) => {
      const definitions = withDefinitions ? (rules.definitions.get(`${kind} ${name}`) ?? []) : []
      const uses = (rules.uses.get(name) ?? []).filter(use => isUseOf(use, kind))
      return [...definitions.map(one => one.name), ...uses].map(({ from, to }) => ({ uri, from, to }))
    })
    return [...inRules, ...inTests]
  }

  /** The name at an offset. */
  nameAt(offset: number): (Word & { readonly kind: ItemKind }) | undefined {
    const { rules } = this
    const item = rules.itemAt(offset)
    if (!item) return undefined
    const within = ({ from, to }: Range) => offset >= from && offset <= to
    if (within(item.name)) return { ...item.name, kind: item.kind }
    for (const use of rules.usesIn(item)) {
      if (!within(use)) continue
      const kind = use.kind === 'macro' ? 'macro' : 'list'
      const { name: text, from, to } = use
      return kind === 'macro' || this.isDefined('list', text) ? { text, from, to, kind } : undefined
    }
    return undefined
  }

  /** The source of an item: its own `source`, or that of the rule it changes; for a macro, inferred from its fields. */
  sourceOf(item: Item | undefined): SourceWords {
    const [first] = this.words.sources
    if (!item) return first!
    if (item.kind === 'rule') {
      const sites = [{ file: this.file, definition: { item } }, ...this.definitions('rule', item.name.text)]
      const named = sites.map(({ file, definition }) => file.rules.valueOf(definition.item, 'source'))
      const name = named.find(source => source !== undefined && source !== '')
      return (name === undefined ? undefined : this.words.source(name)) ?? first!
    }
    const part = this.rules.partsOf(item)[0]
    const field = part?.tokens.find(({ kind, text }) => kind === 'field' && !text.startsWith('evt.'))
    return (field && this.words.sourceOf(field.text)) ?? this.#usual()
  }

  /** The source of most rules of the file. */
  #usual(): SourceWords {
    const named = this.rules.items.flatMap(item =>
      item.kind === 'rule' ? [this.rules.valueOf(item, 'source') ?? this.words.sources[0]!.name] : [],
    )
    const share = (name: string) => named.filter(one => one === name).length
    return this.words.sources.reduce((most, source) => (share(source.name) > share(most.name) ? source : most))
  }
}

function expectedIn({ uri, rules }: RulesFile, name: string): Target[] {
  return keysOf(rules.text).flatMap(({ text, from, to }) => (text === name ? [{ uri, from, to }] : []))
}

export function isUseOf(use: Use, kind: ItemKind): boolean {
  return kind === 'list' ? use.kind === 'value' : kind === 'macro' && use.kind === 'macro'
}

/** What is left of an item after all changes: its keys, each with the texts that make it up. */
export function effectiveKey(sites: readonly DefinedIn[], key: string): string[] {
  let texts: string[] = []
  for (const { file, definition } of sites) {
    const entry = entryOf(definition.item, key)
    if (!entry) continue
    const { text } = file.rules
    const isList = key === 'items' || key === 'tags'
    const own = isList ? wordsIn(text, entry.value).map(word => word.text) : [scalarAt(text, entry.value).text]
    const override = entryOf(definition.item, 'override')
    const how = override && pairsIn(text, override.value).find(pair => pair.key.text === key)?.value.text
    const appends = how === 'append' || (override === undefined && definition.change === 'append' && key !== 'enabled')
    texts = appends ? [...texts, ...own] : own
  }
  return texts
}
