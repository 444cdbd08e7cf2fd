import type { Condition } from '../condition/ast.ts'
import type { MappedText } from '../text/mapped.ts'
import type { Problem } from '../text/problem.ts'
import { snippet } from '../text/snippet.ts'
import type { SourceText } from '../text/source.ts'
import type { Place, Span } from '../text/span.ts'
import type { Context } from './context.ts'
import type { Finding } from './finding.ts'

/** Maximum length of a condition's text in a location. */
const NAME_LENGTH = 20

/** The texts that the nodes of a condition come from. */
export interface Origins {
  file(name: string): SourceText | undefined
  /** The text that the spans of a macro's nodes refer to. */
  macro(name: string): MappedText | undefined
}

/** The context of a part of a condition's own text. */
export function expressionContext(item: Context, text: MappedText, span: Span): Context {
  const source = text.sourceAt(span.offset) ?? item.source
  return item.part('condition expression', shortened(text), source, text.place(span.offset, span.length))
}

/**
 * A problem with a part of a rule's closed condition. If the part came from a macro, the snippet shows the rule's line
 * with the macro's name, then the place in the macro.
 */
export function conditionProblem(
  item: Context,
  text: MappedText,
  condition: Condition,
  finding: Finding,
  origins: Origins,
): Problem {
  const { code, message, span, place, deprecatedField } = finding
  const path = place && pathTo(condition, place)
  const outer = path?.find(node => node.macro !== undefined)
  if (!path || !place || !outer?.use) {
    const whole = { offset: 0, line: 1, column: 1, length: text.text.length }
    const context =
      place && !path
        ? item.part('condition expression', shortened(text), origins.file(place.file) ?? item.source, place)
        : expressionContext(item, text, span ?? path?.at(-1)?.span ?? whole)
    return context.problem(code, message, deprecatedField)
  }
  const file = (at: Place) => origins.file(at.file) ?? item.source
  const inner = path.findLast(node => node.macro !== undefined)!
  const spot = exactSpot(path.at(-1)!, place, span, origins.macro(inner.macro!))
  const use = item.part('condition expression', shortened(text), file(outer.use), outer.use)
  const inside = use.part('macro condition', inner.macro!, file(spot), spot)
  const problem = use.problem(code, message, deprecatedField)
  const shown = `${problem.snippet}in macro '${inner.macro}':\n${snippet(file(spot), spot)}`
  return { ...problem, locations: inside.locations, snippet: shown }
}

/** The place of `span`, if it is known to refer to the text that the node came from. */
function exactSpot(node: Condition, place: Place, span: Span | undefined, text: MappedText | undefined): Place {
  if (!span || !text || !node.span) return place
  const known = samePlace(text.place(node.span.offset, node.span.length), place)
  const within = span.offset >= node.span.offset && span.offset + span.length <= node.span.offset + node.span.length
  return known && within ? text.place(span.offset, span.length) : place
}

/** The nodes from the root to the innermost one at `place`. */
function pathTo(root: Condition, place: Place): Condition[] | undefined {
  const path: Condition[] = []
  const find = (node: Condition): boolean => {
    path.push(node)
    const children = node.kind === 'not' ? [node.child] : node.kind === 'and' || node.kind === 'or' ? node.children : []
    if (children.some(find)) return true
    if (samePlace(node.place, place)) return true
    path.pop()
    return false
  }
  return find(root) ? path : undefined
}

function samePlace(a: Place | undefined, b: Place): boolean {
  return a !== undefined && a.offset === b.offset && a.length === b.length && a.file === b.file
}

function shortened(text: MappedText): string {
  const line = text.text.slice(0, 200).replace(/\s+/g, ' ').trim()
  return line.length > NAME_LENGTH ? `${line.slice(0, NAME_LENGTH - 3)}...` : line
}
