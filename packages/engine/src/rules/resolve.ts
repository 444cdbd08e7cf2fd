import type { Problem } from '../text/problem.ts'
import { Uses } from './affected.ts'
import type { CollectedRule, Collection } from './collected.ts'
import { LimitFailure, LoadFailure, problemsOf } from './context.ts'
import { withExceptions } from './exceptions.ts'
import { FailedItems, type NamedKind } from './failed-items.ts'
import { ListExpander, type ResolvedList, resolveLists } from './lists.ts'
import { type ClosedCondition, MacroResolver, type ResolvedMacro } from './macros.ts'
import { outputOf } from './output.ts'
import { type ParsedCondition, parseItemCondition } from './parsed.ts'
import { priorityLevel } from './priority.ts'
import type { ResolvedRule, ResolveOptions } from './rule.ts'
import { isSelected } from './select.ts'
import { warningsOf } from './warnings.ts'

/** A collection with everything that could be resolved; by name, in the order of definition. */
export interface Resolution {
  readonly collection: Collection
  readonly lists: ReadonlyMap<string, ResolvedList>
  readonly macros: ReadonlyMap<string, ResolvedMacro>
  readonly rules: ReadonlyMap<string, ResolvedRule>
  /** Including those that failed to resolve. Compiling comes later, so it does not contain rules that do not compile. */
  readonly failed: FailedItems
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/**
 * Loading, stage 3: collections → closed rules. Each collection is resolved separately, so a file may use only definitions of its own or of
 * earlier files. Items that a file does not affect are carried over from the previous resolution, as the same objects.
 * @param last what the first of them is carried over from
 */
export function* resolve(
  collections: Iterable<Collection>,
  options: ResolveOptions,
  last?: Resolution,
): Generator<Resolution, void> {
  let uses: Uses | undefined
  for (const collection of collections) {
    if (last) uses ??= new Uses(last.collection)
    last = resolveOne(collection, last && { ...last, changed: uses!.affected(collection) }, options)
    yield last
  }
}

/** The resolution before a file, and what the file changes in it. */
type Before = Resolution & { readonly changed: ReturnType<Uses['affected']> }

function resolveOne(collection: Collection, before: Before | undefined, options: ResolveOptions): Resolution {
  const failed = failedIn(collection, before)
  const lists = new Map<string, ResolvedList>()
  const macros = new Map<string, ResolvedMacro>()
  const rules = new Map<string, ResolvedRule>()
  const errors: Problem[] = []
  const warnings: Problem[] = []
  const resolution = { collection, lists, macros, rules, failed, errors, warnings }
  try {
    for (const [name, list] of resolveLists(collection.lists, before?.lists)) lists.set(name, list)
    fill(resolution, before, options)
  } catch (error) {
    if (!(error instanceof LimitFailure)) throw error
    errors.push(...error.problems)
  }
  return resolution
}

/** The items that have failed: an error lasts until the item is redefined. */
function failedIn(collection: Collection, before: Resolution | undefined): FailedItems {
  const failed = new FailedItems(collection.failed)
  if (!before) return failed
  for (const kind of ['list', 'macro', 'rule'] as const)
    for (const name of before.failed.of(kind)) {
      const context = (of: Collection) => of[`${kind}s`].get(name)?.context
      if (context(collection) === context(before.collection)) failed.add(kind, name)
    }
  return failed
}

/** @throws {LimitFailure} */
function fill(
  {
    collection,
    lists,
    macros,
    rules,
    failed,
    errors,
    warnings,
  }: {
    readonly collection: Collection
    readonly lists: ReadonlyMap<string, ResolvedList>
    readonly macros: Map<string, ResolvedMacro>
    readonly rules: Map<string, ResolvedRule>
    readonly failed: FailedItems
    readonly errors: Problem[]
    readonly warnings: Problem[]
  },
  before: Before | undefined,
  options: ResolveOptions,
): void {
  const attempt = <T>(kind: NamedKind, name: string, make: () => T): T | undefined => {
    try {
      return make()
    } catch (error) {
      if (error instanceof LimitFailure) throw error
      errors.push(...problemsOf(error))
      if (error instanceof LoadFailure) failed.add(kind, name)
      return undefined
    }
  }
  const expander = new ListExpander(lists)
  for (const macro of collection.macros.values()) {
    const { name, condition, context } = macro
    if (failed.has('macro', name)) continue
    const known = before?.changed.has(macro) ? undefined : before?.macros.get(name)
    macros.set(
      name,
      known?.closed
        ? known
        : {
            macro,
            parsed: attempt('macro', name, () => parseItemCondition(condition, context, expander, failed, warnings)),
          },
    )
  }
  const resolver = new MacroResolver(macros, failed)
  for (const [name, macro] of macros) if (!macro.closed) macros.set(name, { ...macro, closed: resolver.macro(name) })
  for (const [name, { problems }] of resolver.failures) {
    errors.push(...problems)
    failed.add('macro', name)
  }
  for (const rule of collection.rules.values()) {
    const { name, context } = rule
    if (rule.unknownSource || failed.has('rule', name)) continue
    const known = before?.changed.has(rule) ? undefined : before?.rules.get(name)
    const resolved =
      known ??
      attempt('rule', name, () => {
        const text = withExceptions(rule.condition, rule.exceptions)
        const parsed = parseItemCondition(text, context, expander, failed, warnings)
        return resolvedRule(rule, parsed, resolver.close(parsed, context), options)
      })
    if (resolved) rules.set(name, resolved)
  }
}

function resolvedRule(
  rule: CollectedRule,
  parsed: ParsedCondition,
  closed: ClosedCondition,
  { priority = 'Debug', ruleSelection = [] }: ResolveOptions,
): ResolvedRule {
  const output = outputOf(rule.output)
  const belowPriority = priorityLevel(rule.priority) > priorityLevel(priority)
  return {
    name: rule.name,
    source: rule.source,
    priority: rule.priority,
    tags: rule.tags,
    enabled: !belowPriority && isSelected(rule, ruleSelection),
    belowPriority,
    desc: rule.desc,
    condition: closed.condition,
    conditionText: parsed.text,
    conditionWritten: rule.condition,
    output: output.text.text,
    outputText: output.text,
    warnEvttypes: rule.warnEvttypes,
    skipIfUnknownFilter: rule.skipIfUnknownFilter,
    capture: rule.capture,
    captureDuration: rule.captureDuration,
    exceptions: rule.exceptions.map(({ name, fields, comps, values, range }) => ({
      name,
      fields: fields.map(field => field.text),
      comps,
      values: values.length,
      place: range,
    })),
    index: rule.index,
    visibility: rule.visibility,
    macros: [...closed.macros].sort(),
    lists: [...closed.lists].sort(),
    context: rule.context,
    outputFindings: output.warnings,
    conditionFindings: warningsOf(closed.condition),
  }
}
