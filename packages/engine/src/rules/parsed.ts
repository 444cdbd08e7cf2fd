import type { Condition, MacroRef } from '../condition/ast.ts'
import { ConditionError } from '../condition/error.ts'
import { parseMappedCondition } from '../condition/parse.ts'
import { walk } from '../condition/walk.ts'
import type { MappedText } from '../text/mapped.ts'
import type { BadNames } from './bad-names.ts'
import { type Context, FollowUp, LoadFailure } from './context.ts'
import { expressionContext } from './expression.ts'
import type { ListExpander, ResolvedList } from './lists.ts'
import type { Memo } from './memo.ts'

/** A condition with its lists in place, parsed; its macros are still names. */
export interface ParsedCondition {
  readonly text: MappedText
  readonly condition: Condition
  /** Each place where it names a macro. */
  readonly macroRefs: readonly MacroRef[]
  /** Names of the lists in it. */
  readonly lists: readonly string[]
}

/**
 * Puts the lists in place and parses.
 * @throws {LoadFailure} LOAD_ERR_COMPILE_CONDITION
 * @throws {FollowUp} when it does not parse, and something is wrong with a list in it
 */
export function parseItemCondition(
  key: string,
  written: MappedText,
  context: Context,
  expander: ListExpander,
  memo: Memo<ParsedCondition>,
  bad: BadNames,
): ParsedCondition {
  const uses = new Set<ResolvedList>()
  const text = expander.expand(written, uses)
  return memo.get(key, [written, text.text, ...uses], () => {
    const lists = [...new Set([...uses].flatMap(({ list, uses: inner }) => [list.name, ...inner]))]
    const condition = parse(text, context, () => lists.some(name => bad.has('list', name)))
    return { text, condition, macroRefs: macroRefs(condition), lists }
  })
}

function parse(text: MappedText, context: Context, excused: () => boolean): Condition {
  try {
    return parseMappedCondition(text)
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    if (excused()) throw new FollowUp()
    throw new LoadFailure(expressionContext(context, text, error.span), 'LOAD_ERR_COMPILE_CONDITION', error.message)
  }
}

function macroRefs(condition: Condition): MacroRef[] {
  const refs: MacroRef[] = []
  walk(condition, node => void (node.kind === 'macro' && refs.push(node)))
  return refs
}
