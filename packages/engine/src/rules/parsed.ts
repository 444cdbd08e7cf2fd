import type { Condition, MacroRef } from '../condition/ast.ts'
import { ConditionError } from '../condition/error.ts'
import { parseMappedCondition } from '../condition/parse.ts'
import { walk } from '../condition/walk.ts'
import type { MappedText } from '../text/mapped.ts'
import type { Problem } from '../text/problem.ts'
import type { Span } from '../text/span.ts'
import { AlreadyReported, type Context, LoadFailure } from './context.ts'
import { expressionContext } from './expression.ts'
import type { FailedItems } from './failed-items.ts'
import { listAsMacro, undefinedLists } from './list-mistakes.ts'
import type { ListExpander, ResolvedList } from './lists.ts'

/** A condition with its lists expanded, parsed; its macros are still names. */
export interface ParsedCondition {
  readonly written: MappedText
  /** With lists expanded. */
  readonly text: MappedText
  readonly condition: Condition
  /** Each reference to a macro. */
  readonly macroRefs: readonly MacroRef[]
  /** Names of the lists in it. */
  readonly lists: readonly string[]
}

/**
 * Expands the lists and parses; values that look like the name of a list are added to `warnings`.
 * @throws {LoadFailure} LOAD_ERR_COMPILE_CONDITION
 * @throws {AlreadyReported} when it does not parse and one of its lists has failed
 */
export function parseItemCondition(
  written: MappedText,
  context: Context,
  expander: ListExpander,
  failed: FailedItems,
  warnings: Problem[],
): ParsedCondition {
  const uses = new Set<ResolvedList>()
  const text = expander.expand(written, uses)
  const lists = [...new Set([...uses].flatMap(({ list, uses: inner }) => [list.name, ...inner]))]
  try {
    const condition = parseMappedCondition(text)
    const macroRefs: MacroRef[] = []
    walk(condition, node => {
      if (node.kind === 'macro') macroRefs.push(node)
      else if (node.kind === 'check' && !failed.incomplete)
        for (const { span, message } of undefinedLists(node, text.text, expander.names, failed))
          warnings.push(expressionContext(context, text, span).problem('LOAD_UNDEFINED_LIST', message))
    })
    return { written, text, condition, macroRefs, lists }
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    if (lists.some(name => failed.has('list', name))) throw new AlreadyReported()
    const misplaced = listAsMacro(lists, written.text)
    const where = misplaced
      ? expressionContext(context, written, misplaced.span)
      : expressionContext(context, text, error.span)
    const message = misplaced ? misplaced.message : error.message + commentHint(text, error.span)
    throw new LoadFailure(where, 'LOAD_ERR_COMPILE_CONDITION', message)
  }
}

/** A hint for a condition that a YAML comment cuts off. */
function commentHint(text: MappedText, { offset }: Span): string {
  if (text.text.slice(offset).trim() !== '') return ''
  const last = text.text.trimEnd().length - 1
  const rest = text.sourceAt(last)?.content.slice(text.place(last, 1).offset + 1)
  return rest !== undefined && /^[ \t]+#/.test(rest)
    ? " (' #' starts a comment in YAML: write the condition as a block (>), and quote values that contain #)"
    : ''
}
