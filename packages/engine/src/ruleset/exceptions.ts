import type { Node } from '../bytecode/tree.ts'
import type { TreeNumbers } from './numbers.ts'
import { all, conjuncts, keyOf, scopeOf } from './split.ts'

/** A condition and the rules that have it, by their positions. */
export interface Shared {
  readonly node: Node
  readonly rules: readonly number[]
}

/** The minimum number of conditions that have to be alike. */
const ALIKE = 4

/**
 * Divides conditions that are alike but for exceptions over several fields. `base and not (user = x and uri startswith y)` is either
 * `base and not user = x` or `base and user = x and not uri startswith y`, never both. What a value decides is looked up; what remains
 * of the first is then the same for all of them, and the second is seldom possible.
 * @param memoised the scopes whose objects keep results
 */
export function divideAlike(
  conditions: readonly Shared[],
  memoised: ReadonlySet<string>,
  numbers: TreeNumbers,
): readonly Shared[] {
  const cuts = conditions.map(({ node }) => {
    const parts = Map.groupBy(conjuncts(node), conjunct => isException(conjunct, memoised))
    const rest = parts.get(false) ?? []
    return { exceptions: parts.get(true) ?? [], rest, base: numbers.of(all(rest)) }
  })
  const alike = Map.groupBy(cuts, ({ base }) => base)
  return conditions.flatMap((condition, at): readonly Shared[] => {
    const { exceptions, rest, base } = cuts[at]!
    if (exceptions.length === 0 || alike.get(base)!.length < ALIKE) return [condition]
    const { rules } = condition
    return divided(exceptions, rest, memoised).map(node => ({ node, rules }))
  })
}

function divided(exceptions: readonly Node[], rest: readonly Node[], memoised: ReadonlySet<string>): Node[] {
  const subjects = exceptions.flatMap(exception => subjectsOf(exception, memoised))
  const uses = (subject: string) => subjects.filter(other => other === subject).length
  const subject = subjects.reduce((best, other) => (uses(other) > uses(best) ? other : best))
  const parts = exceptions.map(exception => partOf(exception, subject, memoised))
  const applying = parts.filter(part => part !== undefined)
  const others = exceptions.filter((_, i) => parts[i] === undefined)
  const some: Node = applying.length === 1 ? applying[0]! : { kind: 'or', children: applying }
  return [
    all([...rest, ...others, ...applying.map((child): Node => ({ kind: 'not', child }))]),
    all([...rest, some, ...exceptions]),
  ]
}

/** `not (… and …)`, which no single value decides, but one decides a part of it. */
function isException(node: Node, memoised: ReadonlySet<string>): boolean {
  return subjectOf(node, memoised) === undefined && subjectsOf(node, memoised).length > 0
}

/** What decides parts of an exception, each once. */
function subjectsOf(exception: Node, memoised: ReadonlySet<string>): string[] {
  const subjects = partsOf(exception).map(part => subjectOf(part, memoised))
  return [...new Set(subjects)].filter(subject => subject !== undefined)
}

function partOf(exception: Node, subject: string, memoised: ReadonlySet<string>): Node | undefined {
  const parts = partsOf(exception).filter(part => subjectOf(part, memoised) === subject)
  return parts.length === 0 ? undefined : all(parts)
}

function partsOf(node: Node): readonly Node[] {
  return node.kind === 'not' && node.child.kind === 'and' ? conjuncts(node.child) : []
}

/** The scope, or the field of the event, that decides a tree. */
function subjectOf(node: Node, memoised: ReadonlySet<string>): string | undefined {
  const scope = scopeOf(node)
  return scope !== undefined && memoised.has(scope) ? scope : keyOf(node)?.text
}
