import type { Problem } from '../text/problem.ts'
import type { FileResult } from '../text/report.ts'
import { SourceText } from '../text/source.ts'
import { Collector } from './collect.ts'
import { Context, LoadFailure } from './context.ts'
import { checkPlugins } from './plugins.ts'
import { readItem } from './read.ts'
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
 * compiled again, so a file may use only what it or an earlier one defines. The first error of a file ends the loading;
 * later files are then only read.
 */
export class RuleLoader {
  readonly #options: LoaderOptions
  readonly #collector: Collector
  readonly #resolver: Resolver
  readonly #sources = new Map<string, SourceText>()
  readonly #files: FileResult[] = []
  /** Warnings that were given already: later files do not repeat them. */
  readonly #given = new Set<string>()
  #rules: readonly ResolvedRule[] = []
  #failed = false

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
    const errors: Problem[] = []
    let documents: (YamlNode | undefined)[] = []
    const failed = this.#failed
    try {
      documents = parseDocuments(source, context)
      this.#readDocuments(documents, context, warnings)
      if (!failed) this.#rules = this.#resolver.resolve(this.#collector, file => this.#sources.get(file), warnings)
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error
      errors.push(error.problem)
      this.#failed = true
    }
    const { schema, warnings: schemaWarnings } = checkSchema(documents)
    const result = { name, schema, schemaWarnings, errors, warnings: this.#newOnes(warnings) }
    this.#files.push(result)
    return result
  }

  /** Adds the result of a file that could not be read. */
  addUnreadable(name: string, reason: string): FileResult {
    this.#failed = true
    const problem = Context.file(new SourceText(name, '')).problem('LOAD_ERR_FILE_READ', reason)
    const result: FileResult = { name, schema: 'none', schemaWarnings: [], errors: [problem], warnings: [] }
    this.#files.push(result)
    return result
  }

  /** Checks what concerns all files together, and gives the result. */
  finish(): LoadResult {
    const missing = this.#missingPlugin()
    // It may well be why rules do not compile, so it comes first.
    const errors = [...(missing ? [missing] : []), ...this.#files.flatMap(file => file.errors)]
    const files = this.#files.map(file => {
      const concerned = missing?.locations[0]?.position.name === file.name
      return concerned ? { ...file, errors: [missing, ...file.errors] } : file
    })
    const { lists, macros, engineVersion, plugins } = this.#collector
    return {
      ok: errors.length === 0,
      errors,
      warnings: this.#files.flatMap(file => file.warnings),
      files,
      rules: errors.length === 0 ? this.#rules : [],
      lists: [...lists.values()].map(({ name, items }) => ({ name, items: items.map(item => item.text) })),
      macros: [...macros.values()].map(({ name, condition }) => ({ name, condition: condition.text })),
      requiredEngineVersion: formatVersion(engineVersion),
      requiredPlugins: plugins.map(({ alternatives }) => alternatives),
    }
  }

  #missingPlugin(): Problem | undefined {
    try {
      checkPlugins(this.#collector.plugins, this.#options.plugins ?? [])
      return undefined
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error
      return error.problem
    }
  }

  #readDocuments(documents: readonly (YamlNode | undefined)[], context: Context, warnings: Problem[]): void {
    const collect = !this.#failed
    for (const document of documents) {
      if (document === undefined || (document.kind === 'scalar' && document.isNull)) continue
      if (document.kind === 'scalar')
        throw new LoadFailure(context, 'LOAD_ERR_YAML_VALIDATE', 'Rules content is not yaml')
      if (document.kind === 'map')
        throw new LoadFailure(context, 'LOAD_ERR_YAML_VALIDATE', 'Rules content is not yaml array of objects')
      for (const node of document.items) {
        if (node.kind === 'scalar' && node.isNull) continue
        const item = readItem(node, context, warnings)
        if (collect) this.#collector.add(item, warnings)
      }
    }
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
