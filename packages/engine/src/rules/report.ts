import { UNKNOWN } from '../condition/error.ts'
import { CODES, type CodeInfo, type Problem } from '../text/problem.ts'
import type { FileResult } from '../text/report.ts'
import type { SourceText } from '../text/source.ts'
import type { Context } from './context.ts'
import { ErrorCollector } from './errors.ts'
import { conditionProblem, type Origins } from './expression.ts'
import type { Finding, Findings } from './finding.ts'
import { outputProblem } from './output.ts'
import { checkPlugins } from './plugins.ts'
import type { ReadFile } from './read.ts'
import type { Resolution } from './resolve.ts'
import type { PluginVersion, ResolvedRule } from './rule.ts'
import { formatVersion } from './version.ts'

/** The result of loading all files. */
export interface LoadResult {
  readonly ok: boolean
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly files: readonly FileResult[]
  readonly lists: readonly { readonly name: string; readonly items: readonly string[] }[]
  readonly macros: readonly { readonly name: string; readonly condition: string }[]
  /** The newest version that a file requires. */
  readonly requiredEngineVersion: string
  readonly requiredPlugins: readonly (readonly PluginVersion[])[]
}

export interface ReportOptions {
  /** Plugins that are there for files that require them. */
  readonly plugins: readonly PluginVersion[]
  /** `falco`: without the warnings that Falco does not have. */
  readonly warnings?: 'all' | 'falco' | undefined
  /** Earlier files. What was found in them is not reported. */
  readonly before?: { readonly files: readonly ReadFile[]; readonly resolution: Resolution } | undefined
}

/** What the stages have found, and the state after the last file. */
export interface Reported {
  readonly result: LoadResult
  readonly resolution: Resolution | undefined
}

/** What compiling has found in each resolved rule. */
export interface Checked {
  findings(rule: ResolvedRule): Findings
}

/**
 * Loading, stage 6: what the stages have found, by the file after which they found it; each cause once. Falco stops at
 * the first file with an error; falc checks the later files too.
 */
export function report(
  files: readonly ReadFile[],
  resolutions: Iterable<Resolution>,
  compiled: Checked,
  { plugins, warnings, before }: ReportOptions,
): Reported {
  const earlier = before?.files ?? []
  const reporter = new Reporter([...earlier, ...files], compiled, before?.resolution)
  const reported: FileResult[] = []
  let last: Resolution | undefined
  for (const resolution of resolutions) {
    reported.push(reporter.file(files[reported.length]!, resolution))
    last = resolution
  }
  const missing = last ? checkPlugins(last.collection.plugins, plugins) : []
  // A missing plugin may be why rules do not compile, so it comes first.
  const errors = [...missing, ...reported.flatMap(file => file.errors)]
  const ok = errors.length === 0
  const used = ok ? undefined : usedWords([...earlier, ...files])
  const results = reported.map(file => {
    const absent = missing.filter(({ locations }) => locations[0]!.position.name === file.name)
    const wanted = file.warnings.filter(
      warning => !(used && isDoubtful(warning, used)) && !(warnings === 'falco' && isOwn(warning)),
    )
    return { ...file, errors: [...absent, ...file.errors], warnings: wanted }
  })
  const result = {
    ok,
    errors,
    warnings: results.flatMap(file => file.warnings),
    files: results,
    lists: mapped(last?.collection.lists, ({ name, items }) => ({ name, items: items.map(item => item.text) })),
    macros: mapped(last?.collection.macros, ({ name, condition }) => ({ name, condition: condition.text })),
    requiredEngineVersion: formatVersion(last?.collection.engineVersion ?? { major: 0, minor: 0, patch: 0 }),
    requiredPlugins: (last?.collection.plugins ?? []).map(({ alternatives }) => alternatives),
  }
  return { result, resolution: last }
}

function mapped<T, R>(items: ReadonlyMap<string, T> | undefined, make: (item: T) => R): R[] {
  return items ? [...items.values()].map(make) : []
}

/** Keeps what has been reported for earlier files. */
class Reporter {
  readonly #compiled: Checked
  readonly #sources: ReadonlyMap<string, SourceText>
  readonly #errors: ErrorCollector
  readonly #warnings = new Set<string>()
  /** Definitions of rules that do not compile: not reported again for a later file. */
  readonly #rejected = new Set<Context>()
  /** Definitions of lists and macros that were reported as unused. */
  readonly #unused = new Set<Context>()
  #anyErrors = false
  /** The state before the file: its rules have been reported. */
  #before: Resolution | undefined

  constructor(files: readonly ReadFile[], compiled: Checked, before: Resolution | undefined) {
    this.#compiled = compiled
    this.#before = before
    this.#sources = new Map(files.map(({ source }) => [source.name, source]))
    this.#errors = new ErrorCollector([...this.#sources.keys()])
  }

  file(file: ReadFile, resolution: Resolution): FileResult {
    const { collection } = resolution
    const found = [...file.errors, ...collection.errors, ...resolution.errors]
    const warnings = inOrder([...file.warnings, ...collection.warnings])
    warnings.push(...resolution.warnings)
    const origins: Origins = {
      file: name => this.#sources.get(name),
      macro: name => resolution.macros.get(name)?.parsed?.text,
    }
    for (const rule of resolution.rules.values())
      if (this.#before?.rules.get(rule.name) !== rule) this.#rule(rule, resolution, origins, found, warnings)
    this.#before = resolution
    this.#anyErrors ||= found.length > 0
    if (!this.#anyErrors) warnings.push(...unusedIn(resolution, this.#unused))
    return {
      name: file.source.name,
      schema: file.schema.schema,
      schemaWarnings: file.schema.warnings,
      errors: this.#errors.newOnes(found),
      warnings: this.#newWarnings(warnings),
    }
  }

  #rule(rule: ResolvedRule, { failed }: Resolution, origins: Origins, errors: Problem[], warnings: Problem[]): void {
    if (this.#rejected.has(rule.context)) return
    const found = this.#compiled.findings(rule)
    const problem = (finding: Finding) => problemOf(rule, finding, origins)
    warnings.push(...rule.outputFindings.map(problem))
    const error = found.errors[0]
    if (error && rule.skipIfUnknownFilter && isUnknown(error)) {
      warnings.push(problem({ ...error, code: 'LOAD_UNKNOWN_FILTER' }))
      return
    }
    warnings.push(...rule.conditionFindings.map(problem), ...found.warnings.map(problem))
    if (!error) return
    this.#rejected.add(rule.context)
    // A condition with a failed list may not compile for that reason.
    const excused = failed.incomplete || rule.lists.some(name => failed.has('list', name))
    for (const finding of found.errors)
      if (!excused || finding.part !== 'condition' || finding.cause === 'unknown-field')
        errors.push(explained(problem(finding), warnings))
    this.#anyErrors = true
  }

  #newWarnings(warnings: readonly Problem[]): Problem[] {
    return warnings.filter(({ code, message, locations }) => {
      const key = JSON.stringify([code, message, locations])
      if (this.#warnings.has(key)) return false
      this.#warnings.add(key)
      return true
    })
  }
}

/** An invalid value may be the name of a list that does not exist; the two problems become one. */
function explained(error: Problem, warnings: Problem[]): Problem {
  const spot = ({ locations }: Problem) => {
    const { position } = locations.at(-1)!
    return `${position.name} ${position.offset}`
  }
  const at = warnings.findIndex(warning => warning.code === 'LOAD_UNDEFINED_LIST' && spot(warning) === spot(error))
  if (at < 0) return error
  const [warning] = warnings.splice(at, 1)
  return { ...error, message: `${error.message}. ${warning!.message}` }
}

function isUnknown({ cause }: Finding): boolean {
  return cause !== undefined && UNKNOWN.has(cause)
}

function problemOf(rule: ResolvedRule, finding: Finding, origins: Origins): Problem {
  const { context, outputText, conditionText, condition } = rule
  if (finding.part === 'output') return outputProblem(context, outputText, finding, origins)
  if (finding.part === 'rule') return context.problem(finding.code, finding.message, finding.deprecatedField)
  return conditionProblem(context, conditionText, condition, finding, origins)
}

/** Reading and merging both warn about a file's items. */
function inOrder(warnings: readonly Problem[]): Problem[] {
  const offset = ({ locations }: Problem) => locations[1]?.position.offset ?? -1
  return warnings.toSorted((a, b) => offset(a) - offset(b))
}

/** Lists and macros that nothing refers to; those in `reported` are left out, the others added to it. */
export function unusedIn({ collection, lists, macros, rules }: Resolution, reported = new Set<Context>()): Problem[] {
  const usedMacros = new Set<string>()
  const usedLists = new Set<string>()
  const use = (user: { readonly macros: Iterable<string>; readonly lists: Iterable<string> }) => {
    for (const name of user.macros) usedMacros.add(name)
    for (const name of user.lists) usedLists.add(name)
  }
  for (const { uses } of lists.values()) for (const name of uses) usedLists.add(name)
  for (const { closed } of macros.values()) if (closed) use(closed)
  for (const rule of rules.values()) use(rule)
  const unused = <T extends { name: string; context: Context }>(
    items: ReadonlyMap<string, T>,
    used: ReadonlySet<string>,
    code: 'LOAD_UNUSED_MACRO' | 'LOAD_UNUSED_LIST',
    what: string,
  ) =>
    [...items.values()].flatMap(({ name, context }) => {
      if (used.has(name) || reported.has(context)) return []
      reported.add(context)
      return [context.problem(code, `${what} not referred to by any other rule/macro`)]
    })
  return [
    ...unused(collection.macros, usedMacros, 'LOAD_UNUSED_MACRO', 'Macro'),
    ...unused(collection.lists, usedLists, 'LOAD_UNUSED_LIST', 'List'),
  ]
}

/** The words of the files, without the names of lists and macros in their definitions. */
function usedWords(files: readonly ReadFile[]): ReadonlySet<string> {
  return new Set(
    files.flatMap(({ source }) =>
      source.content.replace(/^[ \t-]*(?:list|macro)[ \t]*:.*$/gm, '').split(/[\s(),='"[\]]+/),
    ),
  )
}

function isOwn({ code }: Problem): boolean {
  const info: CodeInfo = CODES[code]
  return info.own === true
}

/** Whether an item is reported as unused although something with an error may use it. */
function isDoubtful({ code, locations }: Problem, used: ReadonlySet<string>): boolean {
  return (code === 'LOAD_UNUSED_MACRO' || code === 'LOAD_UNUSED_LIST') && used.has(locations.at(-1)!.item_name)
}
