import type { Problem } from '../text/problem.ts'
import type { FileResult } from '../text/report.ts'
import { SourceText } from '../text/source.ts'
import { Collector } from './collect.ts'
import { Context, FollowUp, LoadFailure } from './context.ts'
import { at } from './decode.ts'
import { ErrorCollector } from './errors.ts'
import type { Item } from './item.ts'
import { checkPlugins } from './plugins.ts'
import { nameOf, readItem } from './read.ts'
import { Resolver } from './resolve.ts'
import type { LoaderOptions, PluginVersion, ResolvedRule, RuleChecks } from './rule.ts'
import { checkSchema } from './schema.ts'
import { formatVersion } from './version.ts'
import { parseYaml, YamlError, type YamlNode } from './yaml.ts'

/** What came out of all files. */
export interface LoadResult {
  readonly ok: boolean
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly files: readonly FileResult[]
  /** In the order of definition; empty when `ok` is false. */
  readonly rules: readonly ResolvedRule[]
  readonly lists: readonly { readonly name: string; readonly items: readonly string[] }[]
  readonly macros: readonly { readonly name: string; readonly condition: string }[]
  /** The newest version that a file asks for. */
  readonly requiredEngineVersion: string
  readonly requiredPlugins: readonly (readonly PluginVersion[])[]
}

/**
 * Loads rules files one after the other, as Falco does: after each file all that was collected so far is resolved and
 * compiled again, so a file may use only what it or an earlier one defines. Unlike Falco it goes on after an error: all
 * that is wrong is collected, except for what only follows from an error before.
 */
export class RuleLoader {
  readonly #options: LoaderOptions
  readonly #collector: Collector
  readonly #resolver: Resolver
  readonly #sources = new Map<string, SourceText>()
  readonly #files: FileResult[] = []
  /** Warnings that were given already: later files do not repeat them. */
  readonly #given = new Set<string>()
  readonly #errors = new ErrorCollector()
  #rules: readonly ResolvedRule[] = []
  #unreadable = false
  /** What stands in the files, apart from where lists and macros are named; found when first asked for. */
  #words: ReadonlySet<string> | undefined = undefined

  constructor(checks: RuleChecks, options: LoaderOptions = {}) {
    this.#options = options
    this.#collector = new Collector(checks)
    this.#resolver = new Resolver(checks, options)
  }

  /** Reads, merges, resolves and compiles; problems are in the result. */
  addFile(name: string, content: string): FileResult {
    const source = new SourceText(name, content)
    this.#sources.set(name, source)
    const context = Context.file(source)
    const warnings: Problem[] = []
    const found: Problem[] = []
    let documents: (YamlNode | undefined)[] = []
    try {
      documents = parseDocuments(source, context)
    } catch (error) {
      found.push(...problemsOf(error))
      this.#collector.bad.incomplete = true
    }
    this.#readDocuments(documents, context, found, warnings)
    try {
      this.#rules = this.#resolver.resolve(this.#collector, file => this.#sources.get(file), found, warnings)
    } catch (error) {
      found.push(...problemsOf(error))
    }
    const errors = this.#errors.newOnes(found, [...this.#sources.keys()])
    const { schema, warnings: schemaWarnings } = checkSchema(documents)
    const result = { name, schema, schemaWarnings, errors, warnings: this.#newOnes(warnings) }
    this.#files.push(result)
    return result
  }

  /** Adds the result of a file that could not be read. */
  addUnreadable(name: string, reason: string): FileResult {
    this.#collector.bad.incomplete = true
    this.#unreadable = true
    const problem = Context.file(new SourceText(name, '')).problem('LOAD_ERR_FILE_READ', reason)
    const result: FileResult = { name, schema: 'none', schemaWarnings: [], errors: [problem], warnings: [] }
    this.#files.push(result)
    return result
  }

  /** Checks what concerns all files together, and gives the result. */
  finish(): LoadResult {
    const missing = checkPlugins(this.#collector.plugins, this.#options.plugins ?? [])
    // It may well be why rules do not compile, so it comes first.
    const errors = [...missing, ...this.#files.flatMap(file => file.errors)]
    const ok = errors.length === 0
    const files = this.#files.map(file => {
      const own = missing.filter(({ locations }) => locations[0]!.position.name === file.name)
      const all = own.length > 0 ? { ...file, errors: [...own, ...file.errors] } : file
      return ok ? all : { ...all, warnings: all.warnings.filter(warning => !this.#isDoubtful(warning)) }
    })
    const { lists, macros, engineVersion, plugins } = this.#collector
    return {
      ok,
      errors,
      warnings: files.flatMap(file => file.warnings),
      files,
      rules: ok ? this.#rules : [],
      lists: [...lists.values()].map(({ name, items }) => ({ name, items: items.map(item => item.text) })),
      macros: [...macros.values()].map(({ name, condition }) => ({ name, condition: condition.text })),
      requiredEngineVersion: formatVersion(engineVersion),
      requiredPlugins: plugins.map(({ alternatives }) => alternatives),
    }
  }

  /** Whether a warning says that something is unused that may be used where an error is. */
  #isDoubtful({ code, locations }: Problem): boolean {
    if (code !== 'LOAD_UNUSED_MACRO' && code !== 'LOAD_UNUSED_LIST') return false
    this.#words ??= new Set([...this.#sources.values()].flatMap(({ content }) => wordsOf(content)))
    return this.#unreadable || this.#words.has(locations.at(-1)!.item_name)
  }

  /** Reads item by item; one that is wrong does not keep the next ones from being read. */
  #readDocuments(
    documents: readonly (YamlNode | undefined)[],
    context: Context,
    errors: Problem[],
    warnings: Problem[],
  ): void {
    const wholeFile = (message: string) => {
      errors.push(context.problem('LOAD_ERR_YAML_VALIDATE', message))
      this.#collector.bad.incomplete = true
    }
    let tooNew = false
    for (const document of documents) {
      if (document === undefined || (document.kind === 'scalar' && document.isNull)) continue
      if (document.kind === 'scalar') wholeFile('Rules content is not yaml')
      else if (document.kind === 'map') wholeFile('Rules content is not yaml array of objects')
      else
        for (const node of document.items) {
          if (node.kind === 'scalar' && node.isNull) continue
          // Rules for a newer engine may have what this one does not know.
          if (tooNew) this.#markBad(node, context)
          else tooNew = !this.#readItem(node, context, errors, warnings)
        }
    }
  }

  /** False when the rest of the file is made for a newer engine. */
  #readItem(node: YamlNode, context: Context, errors: Problem[], warnings: Problem[]): boolean {
    let item: Item | undefined
    try {
      item = readItem(node, context, warnings)
      this.#collector.add(item, warnings)
      return true
    } catch (error) {
      if (!(error instanceof FollowUp)) errors.push(...problemsOf(error))
      this.#markBad(node, context)
      return item?.kind !== 'engine version'
    }
  }

  #markBad(node: YamlNode, context: Context): void {
    const named = nameOf(node)
    if (named) this.#collector.markBad(named.kind, named.name, at(context, named.kind, named.name, node))
  }

  #newOnes(warnings: readonly Problem[]): Problem[] {
    return warnings.filter(({ code, message, locations }) => {
      const key = JSON.stringify([code, message, locations])
      if (this.#given.has(key)) return false
      this.#given.add(key)
      return true
    })
  }
}

/** The words of a rules file without those that name a list or a macro for its definition. */
function wordsOf(content: string): string[] {
  return content.replace(/^[ \t-]*(?:list|macro)[ \t]*:.*$/gm, '').split(/[\s(),='"[\]]+/)
}

/** What a failure says. @throws whatever is none */
function problemsOf(error: unknown): readonly Problem[] {
  if (!(error instanceof LoadFailure)) throw error
  return error.problems
}

function parseDocuments(source: SourceText, context: Context): (YamlNode | undefined)[] {
  try {
    return parseYaml(source)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    // What is missing at the end is shown behind the last thing that is there.
    const offset = Math.min(error.offset, source.content.trimEnd().length)
    throw new LoadFailure(context.at('value for', '', offset, 1), 'LOAD_ERR_YAML_PARSE', error.message)
  }
}
