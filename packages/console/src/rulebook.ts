/** The console's rules, as its files are on disk now. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Engine, type EngineOptions, type LoadedRule, type LoadReport, type RulesFile, type Source } from '@falc/engine'

export interface RulebookOptions {
  /** Files and folders of rules, in order. */
  readonly rules?: readonly string[] | undefined
  /** The file to which exceptions are added: one of those, usually the last. */
  readonly localRules?: string | undefined
  /** As the engine that raises the alerts has them. */
  readonly engine?: Omit<EngineOptions, 'sources' | 'onError'> | undefined
}

/** The rules at one time. */
export interface Book {
  readonly files: readonly RulesFile[]
  readonly rules: ReadonlyMap<string, LoadedRule>
  /** Names of the event types for which an enabled rule is looked at; none: for every event. */
  readonly eventTypes: ReadonlyMap<string, readonly string[]>
  /** Why no rules are loaded, one line each. */
  readonly problems: readonly string[]
}

export class Rulebook {
  readonly #options: RulebookOptions
  readonly #engine: Engine
  readonly #sources: readonly Source[]
  #book: Book | undefined
  #stamp = ''

  constructor(options: RulebookOptions, sources: readonly Source[]) {
    this.#options = options
    this.#engine = new Engine({ ...options.engine, sources })
    this.#sources = sources
  }

  get localRules(): string | undefined {
    return this.#options.localRules
  }

  /** Reads files that have changed. Never throws for what they are. */
  open(): Book {
    const stamp = JSON.stringify(this.#paths().map(stampOf))
    if (this.#book === undefined || stamp !== this.#stamp) this.#book = this.#read()
    this.#stamp = stamp
    return this.#book
  }

  /** The errors that the rules would have with another text at the end of a file. @param file undefined: in a separate file at the end */
  problemsWith(text: string, file: string | undefined): string[] {
    const { files } = this.open()
    const at = files.findIndex(({ name }) => name === file)
    const changed =
      at < 0
        ? [...files, { name: file ?? 'exception.yaml', content: text }]
        : files.with(at, { name: file!, content: files[at]!.content + text })
    return problemsOf(this.#engine.analyse(changed).result)
  }

  #eventTypes(source: Source): (readonly [rule: string, names: readonly string[]])[] {
    const nameOf = (type: number) => source.eventTypes!.valueOf('evt.type', type) ?? String(type)
    return this.#engine
      .ruleUses(source)
      .flatMap(({ rule, types }) =>
        types === 'all' || types.length === source.eventTypes!.all.length
          ? []
          : [[rule, [...new Set(types.map(nameOf))]] as const],
      )
  }

  #paths(): string[] {
    const all = (this.#options.rules ?? []).flatMap(path => (isFolder(path) ? yamlFiles(path) : [path]))
    return [...new Set(all)].filter(path => statSync(path, { throwIfNoEntry: false })?.isFile())
  }

  #read(): Book {
    const files: RulesFile[] = []
    const problems: string[] = []
    for (const name of this.#paths()) {
      try {
        files.push({ name, content: readFileSync(name, 'utf8') })
      } catch (error) {
        problems.push((error as Error).message)
      }
    }
    const report = this.#engine.load(files)
    return {
      files,
      rules: new Map(report.rules.map(rule => [rule.name, rule])),
      eventTypes: new Map(this.#sources.flatMap(source => this.#eventTypes(source))),
      problems: [...problems, ...problemsOf(report)],
    }
  }
}

function problemsOf({ files }: Pick<LoadReport, 'files'>): string[] {
  return files.flatMap(({ name, errors }) =>
    errors.map(({ message, locations }) => {
      const at = locations.at(-1)?.position
      return `${name}${at ? `:${at.line}:${at.column}` : ''}: ${message}`
    }),
  )
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** The .yaml and .yml files directly in a folder, by name. */
function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => !entry.isDirectory() && /\.ya?ml$/.test(entry.name))
    .map(entry => join(folder, entry.name))
    .sort()
}

function stampOf(path: string): readonly [string, number, number] {
  const { mtimeMs = 0, size = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {}
  return [path, mtimeMs, size]
}
