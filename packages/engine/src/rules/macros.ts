import type { Condition, MacroRef } from '../condition/ast.ts'
import type { CollectedMacro } from './collected.ts'
import { type Context, LoadFailure } from './context.ts'
import { expressionContext } from './expression.ts'
import type { Memo } from './memo.ts'
import type { ParsedCondition } from './parsed.ts'

/** Nodes that a condition may have with its macros unfolded. */
export const MAX_CONDITION_SIZE = 100_000
/** Nesting that a condition may have with its macros unfolded: Falco's limit for rules. */
export const MAX_CONDITION_DEPTH = 1000

/** A condition without macros, and what went into it. */
export interface ClosedCondition {
  readonly condition: Condition
  /** Macros in it, also through other macros. */
  readonly macros: ReadonlySet<string>
  /** Lists in it, also through macros. */
  readonly lists: ReadonlySet<string>
  readonly size: number
  readonly depth: number
}

/** Puts macros in place of their names, for one state of the collected items. */
export class MacroResolver {
  readonly #macros: ReadonlyMap<string, { macro: CollectedMacro; parsed: ParsedCondition }>
  readonly #memo: Memo<ClosedCondition>
  readonly #closed = new Map<string, ClosedCondition>()
  readonly #open = new Set<string>()
  constructor(
    macros: ReadonlyMap<string, { macro: CollectedMacro; parsed: ParsedCondition }>,
    memo: Memo<ClosedCondition>,
  ) {
    this.#macros = macros
    this.#memo = memo
  }

  /** A macro's own closed condition. @throws {LoadFailure} */
  macro(name: string): ClosedCondition {
    const done = this.#closed.get(name)
    if (done) return done
    const { macro, parsed } = this.#macros.get(name)!
    this.#open.add(name)
    const closed = this.close(`macro ${name}`, parsed, macro.context, macro.visibility)
    this.#open.delete(name)
    this.#closed.set(name, closed)
    return closed
  }

  /**
   * A parsed condition with its macros in place. It sees the macros that were first defined before `visibility`.
   * @throws {LoadFailure} LOAD_ERR_VALIDATE when a macro does not exist, is not visible yet, or holds itself.
   */
  close(
    key: string,
    parsed: ParsedCondition,
    context: Context,
    visibility = Number.POSITIVE_INFINITY,
  ): ClosedCondition {
    const direct = new Map<string, ClosedCondition>()
    for (const ref of parsed.macroRefs) {
      if (direct.has(ref.name)) continue
      const found = this.#macros.get(ref.name)
      const where = () => expressionContext(context, parsed.text, ref.span!)
      if (!found || found.macro.index >= visibility)
        throw new LoadFailure(where(), 'LOAD_ERR_VALIDATE', `Undefined macro '${ref.name}' used in filter.`)
      if (this.#open.has(ref.name)) {
        const loop = expressionContext(found.macro.context, parsed.text, ref.span!)
        throw new LoadFailure(loop, 'LOAD_ERR_VALIDATE', `reference loop in macro '${ref.name}'`)
      }
      if (this.#open.size >= MAX_CONDITION_DEPTH) throw tooLarge(context)
      direct.set(ref.name, this.macro(ref.name))
    }
    return this.#memo.get(key, [parsed, ...direct.values()], () => unfold(parsed, direct, context))
  }
}

function unfold(
  parsed: ParsedCondition,
  direct: ReadonlyMap<string, ClosedCondition>,
  context: Context,
): ClosedCondition {
  const macros = new Set<string>()
  const lists = new Set(parsed.lists)
  for (const [name, closed] of direct) {
    macros.add(name)
    for (const inner of closed.macros) macros.add(inner)
    for (const list of closed.lists) lists.add(list)
  }
  let size = 0
  const put = (node: Condition): { node: Condition; depth: number } => {
    size++
    if (node.kind === 'macro') {
      const closed = direct.get(node.name)!
      size += closed.size - 1
      if (size > MAX_CONDITION_SIZE) throw tooLarge(context)
      return { node: unfolded(closed.condition, node), depth: closed.depth }
    }
    if (node.kind === 'not') {
      const child = put(node.child)
      return { node: child.node === node.child ? node : { ...node, child: child.node }, depth: child.depth + 1 }
    }
    if (node.kind === 'check') return { node, depth: 1 }
    const children = node.children.map(put)
    const same = children.every((child, i) => child.node === node.children[i])
    const depth = children.reduce((deepest, child) => Math.max(deepest, child.depth), 0) + 1
    return { node: same ? node : { ...node, children: children.map(child => child.node) }, depth }
  }
  const { node, depth } = put(parsed.condition)
  if (size > MAX_CONDITION_SIZE || depth > MAX_CONDITION_DEPTH) throw tooLarge(context)
  return { condition: node, macros, lists, size, depth }
}

/** A macro's body in place of its name; the body's children are shared by all who use it. */
function unfolded(body: Condition, ref: MacroRef): Condition {
  return { ...body, macro: ref.name, ...(ref.place && { use: ref.place }) }
}

function tooLarge(context: Context): LoadFailure {
  return new LoadFailure(
    context,
    'LOAD_ERR_VALIDATE',
    `Condition is too large with its macros in place: more than ${MAX_CONDITION_SIZE} nodes or ${MAX_CONDITION_DEPTH} levels`,
  )
}
