import { didYouMean } from '../text/did-you-mean.ts'
import { type MappedText, MappedTextBuilder } from '../text/mapped.ts'
import type { Problem } from '../text/problem.ts'
import type { CollectedList, CollectedMacro, CollectedRule, Collection, Ordered } from './collected.ts'
import { AlreadyReported, type Context, LoadFailure, problemsOf } from './context.ts'
import { checkException, type FieldCheck } from './exceptions.ts'
import { FailedItems, type NamedKind } from './failed-items.ts'
import type {
  CheckedException,
  ExceptionItem,
  Item,
  ListItem,
  MacroItem,
  PluginRequirement,
  RuleChanges,
  RuleItem,
  RuleUpdateItem,
} from './item.ts'
import type { ReadFile } from './read.ts'
import { compareVersions, parseVersion, type Version } from './version.ts'

const NO_LIST = "List uses 'append' or 'override.items: append' but no list by that name already exists"
const NO_MACRO = "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists"
const NO_RULE_APPEND = "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists"
const NO_RULE_ENABLE = "Rule has 'enabled' key but no rule by that name already exists"
const NO_RULE_REPLACE = "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists"

/** The properties of sources that merging needs. */
export interface SourceCheck extends FieldCheck {
  readonly sources: Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>
}

/**
 * Loading, stage 2: merges the items of all files in order; one collection for the state after each file, made when it is asked for.
 * @param before what earlier files define; it stays as it is
 */
export function* collect(
  files: readonly ReadFile[],
  checks: SourceCheck,
  before?: Collection,
): Generator<Collection, void> {
  const collector = new Collector(checks, before)
  for (const file of files) {
    const { errors, warnings } = collector.merge(file)
    yield collector.collection(errors, warnings)
  }
}

/** As `collect`, but only the state after the last file. */
export function collectAll(files: readonly ReadFile[], checks: SourceCheck): Collection {
  const collector = new Collector(checks)
  for (const file of files) collector.merge(file)
  return collector.collection([], [])
}

/** The state while items are merged. */
class Collector {
  readonly #lists: Map<string, CollectedList>
  readonly #macros: Map<string, CollectedMacro>
  readonly #rules: Map<string, CollectedRule>
  readonly #plugins: PluginRequirement[]
  readonly #failed: FailedItems
  #engineVersion: Version
  #next: number
  /** The definitions of the current file, by kind and name. */
  readonly #definitions = new Map<string, Context>()
  readonly #checks: SourceCheck
  constructor(checks: SourceCheck, before?: Collection) {
    this.#checks = checks
    this.#lists = new Map(before?.lists)
    this.#macros = new Map(before?.macros)
    this.#rules = new Map(before?.rules)
    this.#plugins = [...(before?.plugins ?? [])]
    this.#failed = new FailedItems(before?.failed)
    this.#engineVersion = before?.engineVersion ?? { major: 0, minor: 0, patch: 0 }
    this.#next = before?.next ?? 0
  }

  /** Merges the items of a file; returns what it found. */
  merge({ items, incomplete }: ReadFile): Pick<Collection, 'errors' | 'warnings'> {
    const errors: Problem[] = []
    const warnings: Problem[] = []
    if (incomplete) this.#failed.incomplete = true
    this.#definitions.clear()
    for (const item of items) {
      try {
        this.#item(item, warnings)
      } catch (error) {
        errors.push(...problemsOf(error))
        if ('name' in item) this.#fail(item.kind === 'list' || item.kind === 'macro' ? item.kind : 'rule', item)
      }
    }
    return { errors, warnings }
  }

  /** The state, which further files do not change. */
  collection(errors: readonly Problem[], warnings: readonly Problem[]): Collection {
    return {
      lists: new Map(this.#lists),
      macros: new Map(this.#macros),
      rules: new Map(this.#rules),
      plugins: [...this.#plugins],
      engineVersion: this.#engineVersion,
      failed: new FailedItems(this.#failed),
      next: this.#next,
      errors,
      warnings,
    }
  }

  /**
   * @throws {LoadFailure} when the item contradicts what is defined
   * @throws {AlreadyReported} when it changes an item that has failed
   */
  #item(item: Item, warnings: Problem[]): void {
    switch (item.kind) {
      case 'engine version':
        if (compareVersions(item.version, this.#engineVersion) > 0) this.#engineVersion = item.version
        return
      case 'plugin versions':
        for (const requirement of item.requirements) this.#plugin(requirement)
        return
      case 'list':
        if (!item.append) this.#define(item, warnings)
        this.#list(item)
        return
      case 'macro':
        if (!item.append) this.#define(item, warnings)
        this.#macro(item)
        return
      case 'rule':
        this.#define(item, warnings)
        this.#rule(item, warnings)
        return
      case 'rule update':
        this.#update(item)
        return
      case 'rule enable': {
        const { name, enabled, context } = item
        const rule = this.#existing(this.#rules, 'rule', name, context, NO_RULE_ENABLE)
        this.#rules.set(name, { ...rule, enabled })
        return
      }
      case 'failed':
        this.#fail(item.of, item)
        return
      case 'unknown':
        return
    }
  }

  /** Warns about a second definition in one file. Across files that is how rules are customized; in one file it is a mistake. */
  #define({ kind, name, context }: ListItem | MacroItem | RuleItem, warnings: Problem[]): void {
    const key = `${kind} ${name}`
    const before = this.#definitions.get(key)
    this.#definitions.set(key, context)
    if (!before) return
    const message = `This ${kind} is already defined on line ${before.place.line}; this definition replaces it`
    warnings.push(context.problem('LOAD_REDEFINED_ITEM', message))
  }

  #fail(kind: NamedKind, { name, context }: { readonly name: string; readonly context: Context }): void {
    this.#failed.add(kind, name)
    // An empty list, so that conditions that name it still resolve.
    if (kind === 'list' && !this.#lists.has(name))
      this.#lists.set(name, { name, items: [], context, ...this.#order(undefined) })
  }

  /** The item that another one changes. */
  #existing<T>(items: ReadonlyMap<string, T>, kind: NamedKind, name: string, context: Context, otherwise: string): T {
    if (this.#failed.has(kind, name)) throw new AlreadyReported()
    const item = items.get(name)
    if (item === undefined && this.#failed.incomplete) throw new AlreadyReported()
    return item ?? fail(context, otherwise + didYouMean(name, items.keys()))
  }

  #plugin(requirement: PluginRequirement): void {
    const names = new Set<string>()
    for (const { name, version } of requirement.alternatives) {
      if (!parseVersion(version))
        fail(requirement.context, `Invalid required version '${version}' for plugin '${name}'`)
      if (names.has(name))
        fail(requirement.context, `Defined multiple alternative version requirements for plugin '${name}'`)
      names.add(name)
    }
    this.#plugins.push(requirement)
  }

  #list({ name, items, append, context }: ListItem): void {
    const before = this.#lists.get(name)
    if (!append) {
      this.#lists.set(name, { name, items, context, ...this.#order(before) })
      this.#failed.delete('list', name)
      return
    }
    const list = this.#existing(this.#lists, 'list', name, context, NO_LIST)
    this.#lists.set(name, { ...list, items: [...list.items, ...items], ...this.#order(list) })
  }

  #macro({ name, condition, append, context }: MacroItem): void {
    const before = this.#macros.get(name)
    if (!append) {
      this.#macros.set(name, { name, condition, context, ...this.#order(before) })
      this.#failed.delete('macro', name)
      return
    }
    const macro = this.#existing(this.#macros, 'macro', name, context, NO_MACRO)
    this.#macros.set(name, { ...macro, condition: joined(macro.condition, condition), ...this.#order(macro) })
  }

  #rule(item: RuleItem, warnings: Problem[]): void {
    const before = this.#rules.get(item.name)
    if (before && before.source !== item.source) fail(item.context, 'Rule has been re-defined with a different source')
    const unknownSource = !this.#checks.sources.has(item.source)
    if (unknownSource)
      warnings.push(
        item.context.problem(
          'LOAD_UNKNOWN_SOURCE',
          `Unknown source ${item.source}, skipping${sourceHint(item.source, [...this.#checks.sources.keys()])}`,
        ),
      )
    const exceptions = this.#checked(item.exceptions, unknownSource ? undefined : item.source)
    const { kind: _, ...rule } = item
    this.#rules.set(item.name, { ...rule, exceptions, unknownSource, ...this.#order(before) })
    this.#failed.delete('rule', item.name)
  }

  #update({ name, append, replace, context }: RuleUpdateItem): void {
    if (append) {
      const rule = this.#existing(this.#rules, 'rule', name, context, NO_RULE_APPEND)
      if (Object.keys(append).length === 0) fail(context, 'Appended rule must have exceptions or condition property')
      this.#rules.set(name, { ...this.#appended(rule, append), ...this.#order(rule) })
    }
    if (replace) {
      const rule = this.#existing(this.#rules, 'rule', name, context, NO_RULE_REPLACE)
      const { exceptions, ...changes } = replace
      const source = rule.unknownSource ? undefined : rule.source
      const checked = exceptions === undefined ? rule.exceptions : this.#checked(exceptions, source)
      this.#rules.set(name, { ...rule, ...changes, exceptions: checked, ...this.#order(rule) })
    }
  }

  #appended(rule: CollectedRule, changes: RuleChanges): CollectedRule {
    const source = rule.unknownSource ? undefined : rule.source
    return {
      ...rule,
      condition: changes.condition ? joined(rule.condition, changes.condition) : rule.condition,
      output: changes.output ? joined(rule.output, changes.output) : rule.output,
      desc: changes.desc === undefined ? rule.desc : `${rule.desc} ${changes.desc}`,
      tags: changes.tags ? [...new Set([...rule.tags, ...changes.tags])].sort() : rule.tags,
      exceptions: changes.exceptions ? this.#merged(rule.exceptions, changes.exceptions, source) : rule.exceptions,
    }
  }

  #merged(
    before: readonly CheckedException[],
    more: readonly ExceptionItem[],
    source: string | undefined,
  ): CheckedException[] {
    const exceptions = [...before]
    for (const item of more) {
      const at = exceptions.findIndex(({ name }) => name === item.name)
      if (at < 0) {
        if (!item.fields) fail(item.context, 'Rule exception must have fields property with a list of fields')
        if (item.values.length === 0)
          fail(item.context, 'Rule exception must have values property with a list of values')
        exceptions.push(checkException(item, source, this.#checks))
        continue
      }
      if (item.fields) fail(item.context, 'Can not append exception fields to existing exception, only values')
      if (item.comps) fail(item.context, 'Can not append exception comps to existing exception, only values')
      const exception = exceptions[at]!
      exceptions[at] = { ...exception, values: [...exception.values, ...item.values] }
    }
    return exceptions
  }

  #checked(exceptions: readonly ExceptionItem[], source: string | undefined): CheckedException[] {
    return exceptions.map(item => checkException(item, source, this.#checks))
  }

  #order(before: Ordered | undefined): Ordered {
    const now = this.#next++
    return { index: before?.index ?? now, visibility: now }
  }
}

function fail(context: Context, message: string): never {
  throw new LoadFailure(context, 'LOAD_ERR_VALIDATE', message)
}

function joined(first: MappedText, second: MappedText): MappedText {
  return new MappedTextBuilder().add(first).insert(' ', second).add(second).build()
}

function sourceHint(source: string, sources: readonly string[]): string {
  const guess = didYouMean(source, sources)
  if (guess !== '' || source !== 'syscall') return guess
  return `: a rule without 'source:' is of the source syscall; write one of ${sources.join(', ')}`
}
