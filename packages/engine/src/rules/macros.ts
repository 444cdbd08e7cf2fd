import type { Condition, MacroRef } from '../condition/ast.ts'
import { nearest } from '../text/did-you-mean.ts'
import type { Problem } from '../text/problem.ts'
import type { CollectedMacro } from './collected.ts'
import { AlreadyReported, type Context, LoadFailure } from './context.ts'
import { expressionContext } from './expression.ts'
import type { FailedItems } from './failed-items.ts'
import { listAsMacro } from './list-mistakes.ts'
import type { ParsedCondition } from './parsed.ts'

/** Maximum number of nodes of a condition with its macros expanded. */
export const MAX_CONDITION_SIZE = 100_000
/** Maximum depth of a condition with its macros expanded: Falco's limit for rules. */
export const MAX_CONDITION_DEPTH = 1000

/** A condition without macros, and what it was made of. */
export interface ClosedCondition {
  readonly condition: Condition
  /** Macros in it, directly or through other macros. */
  readonly macros: ReadonlySet<string>
  /** Lists in it, directly or through macros. */
  readonly lists: ReadonlySet<string>
  readonly size: number
  readonly depth: number
}

/** A macro on its way to a closed condition. */
export interface ResolvedMacro {
  readonly macro: CollectedMacro
  /** Absent when it does not parse; the error is reported. */
  readonly parsed?: ParsedCondition | undefined
  /** Absent when it cannot be closed; the error is reported. */
  readonly closed?: ClosedCondition | undefined
}

/** Expands macros, for one state of the collected items. */
export class MacroResolver {
  /** Errors by macro. */
  readonly failures = new Map<string, LoadFailure>()
  readonly #macros: ReadonlyMap<string, ResolvedMacro>
  readonly #failed: FailedItems
  readonly #closed = new Map<string, ClosedCondition | undefined>()
  readonly #open = new Set<string>()

  /** @param macros those that are closed already are taken as they are */
  constructor(macros: ReadonlyMap<string, ResolvedMacro>, failed: FailedItems) {
    this.#macros = macros
    this.#failed = failed
  }

  /** A macro's own closed condition; undefined when it has an error, new (`failures`) or already reported. */
  macro(name: string): ClosedCondition | undefined {
    const { macro, parsed, closed: known } = this.#macros.get(name)!
    if (known ?? this.#closed.has(name)) return known ?? this.#closed.get(name)
    if (!parsed) return undefined
    this.#open.add(name)
    let closed: ClosedCondition | undefined
    try {
      closed = this.close(parsed, macro.context, macro.visibility)
    } catch (error) {
      if (error instanceof LoadFailure) this.failures.set(name, error)
      else if (!(error instanceof AlreadyReported)) throw error
    }
    this.#open.delete(name)
    this.#closed.set(name, closed)
    return closed
  }

  /**
   * A parsed condition with its macros expanded. It sees the macros that were first defined before `visibility`.
   * @throws {LoadFailure} LOAD_ERR_VALIDATE when a macro does not exist, is not visible yet, or refers to itself
   * @throws {AlreadyReported} when a macro has an error
   */
  close(parsed: ParsedCondition, context: Context, visibility = Number.POSITIVE_INFINITY): ClosedCondition {
    const direct = new Map<string, ClosedCondition>()
    const missing = new Map<string, Problem>()
    let reported = false
    for (const ref of parsed.macroRefs) {
      if (direct.has(ref.name) || missing.has(ref.name)) continue
      const found = this.#macros.get(ref.name)
      if (this.#failed.has('macro', ref.name) || (!found && this.#failed.incomplete)) {
        reported = true
        continue
      }
      const where = () => expressionContext(context, parsed.text, ref.span!)
      if (!found || found.macro.index >= visibility) {
        missing.set(ref.name, where().problem('LOAD_ERR_VALIDATE', this.#undefined(ref, found, parsed)))
        continue
      }
      if (this.#open.has(ref.name)) {
        const loop = expressionContext(found.macro.context, parsed.text, ref.span!)
        throw new LoadFailure(loop, 'LOAD_ERR_VALIDATE', `reference loop in macro '${ref.name}'`)
      }
      if (this.#open.size >= MAX_CONDITION_DEPTH) throw tooLarge(context)
      const closed = this.macro(ref.name)
      if (closed) direct.set(ref.name, closed)
      else reported = true
    }
    const [first, ...more] = missing.values()
    if (first) throw LoadFailure.of([first, ...more])
    if (reported) throw new AlreadyReported()
    return unfold(parsed, direct, context)
  }

  #undefined({ name, span }: MacroRef, found: ResolvedMacro | undefined, parsed: ParsedCondition): string {
    const { text, written, lists } = parsed
    const message = `Undefined macro '${name}' used in filter.`
    const misplaced = listAsMacro(lists, written.text)
    if (misplaced) return `${message} ${misplaced.message}`
    if (found)
      return `${message} It is defined later (line ${found.macro.context.place.line}): move it before its first use`
    const guess = nearest(name, this.#macros.keys())
    if (guess !== undefined) return `${message} Did you mean ${guess}?`
    const alternative = /(?:=\s*|\bor\s+)[^\s()]+\s+or\s+$/.test(text.text.slice(0, span!.offset))
    return alternative ? `${message} To compare with several values, write 'field in (a, b)'` : message
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

/** A macro's body instead of its name; all uses share the body's children. */
function unfolded(body: Condition, ref: MacroRef): Condition {
  return { ...body, macro: ref.name, ...(ref.place && { use: ref.place }) }
}

function tooLarge(context: Context): LoadFailure {
  return new LoadFailure(
    context,
    'LOAD_ERR_VALIDATE',
    `Condition is too large with its macros expanded: more than ${MAX_CONDITION_SIZE} nodes or ${MAX_CONDITION_DEPTH} levels`,
  )
}
