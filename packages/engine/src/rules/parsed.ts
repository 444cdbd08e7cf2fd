import type { Condition, MacroRef } from '../condition/ast.ts'
import { ConditionError } from '../condition/error.ts'
import { parseMappedCondition } from '../condition/parse.ts'
import { walk } from '../condition/walk.ts'
import type { MappedText } from '../text/mapped.ts'
import { AlreadyReported, type Context, LoadFailure } from './context.ts'
import { expressionContext } from './expression.ts'
import type { FailedItems } from './failed-items.ts'
import type { ListExpander, ResolvedList } from './lists.ts'

/** A condition with its lists expanded, parsed; its macros are still names. */
export interface ParsedCondition {
  readonly text: MappedText
  readonly condition: Condition
  /** Each reference to a macro. */
  readonly macroRefs: readonly MacroRef[]
  /** Names of the lists in it. */
  readonly lists: readonly string[]
}

/**
 * Expands the lists and parses.
 * @throws {LoadFailure} LOAD_ERR_COMPILE_CONDITION
 * @throws {AlreadyReported} when it does not parse and one of its lists has failed
 */
export function parseItemCondition(
  written: MappedText,
  context: Context,
  expander: ListExpander,
  failed: FailedItems,
): ParsedCondition {
  const uses = new Set<ResolvedList>()
  const text = expander.expand(written, uses)
  const lists = [...new Set([...uses].flatMap(({ list, uses: inner }) => [list.name, ...inner]))]
  try {
    const condition = parseMappedCondition(text)
    return { text, condition, macroRefs: macroRefs(condition), lists }
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    if (lists.some(name => failed.has('list', name))) throw new AlreadyReported()
    throw new LoadFailure(expressionContext(context, text, error.span), 'LOAD_ERR_COMPILE_CONDITION', error.message)
  }
}

function macroRefs(condition: Condition): MacroRef[] {
  const refs: MacroRef[] = []
  walk(condition, node => void (node.kind === 'macro' && refs.push(node)))
  return refs
}
