import type { Condition } from '../condition/ast.ts'
import { clauseCost, clauseLikelihood } from './cost.ts'
import type { MemoLayout } from './memo.ts'
import { mergeAlternatives } from './merge.ts'
import type { Clause, Node } from './tree.ts'

/**
 * The conditions of a program as one graph without duplicates. Nodes are conjunctions and clauses; negation is a property of
 * edges, so that `not (a or b)` and `not a and not b` are the same node.
 */
export type GraphNode = Conjunction | Leaf

interface Common {
  /** The subtree's number in the layout. */
  readonly id: number
  /** The scope of all its clauses, if there is one and its objects keep memos. */
  readonly scope: string | undefined
  /** Number of edges and roots that point here. */
  uses: number
  /** Its truth is kept in the memos of its scope. */
  memo: boolean
  /** Length of the longest path to a clause. */
  readonly height: number
  /** Estimated time of an evaluation; 1 is a comparison of two numbers. */
  readonly cost: number
  /** Guessed share of events in which it holds. */
  readonly likely: number
}
export interface Conjunction extends Common {
  readonly kind: 'and'
  /** At least two, ordered so that cheap ones that often decide come first. */
  readonly children: readonly Edge[]
}
export interface Leaf extends Common {
  readonly kind: 'clause'
  readonly clause: Clause
  readonly written: Condition | undefined
}
export interface Edge {
  readonly node: GraphNode
  readonly negated: boolean
}
/** A reference to a subtree, or a constant. */
export type Ref = Edge | boolean

/** Cost of reading a kept truth. */
const READ = 0.5
/** Exceptions of mixed scope get a guard from this number on. */
const WORTH_A_GUARD = 3

export class Graph {
  readonly #nodes = new Map<number, GraphNode>()
  /** Nodes entered before: parts of a condition may occur many times. */
  readonly #entered = new Map<Node, Ref>()
  readonly #layout: MemoLayout
  readonly #memoised: ReadonlySet<string>

  /** @param memoised scopes whose objects keep memos */
  constructor(layout: MemoLayout, memoised: ReadonlySet<string>) {
    this.#layout = layout
    this.#memoised = memoised
  }

  /** Enters a condition that will be evaluated on its own. */
  root(node: Node): Ref {
    const ref = this.#enter(node)
    if (typeof ref !== 'boolean') this.#use(ref.node, undefined)
    return ref
  }

  #enter(node: Node): Ref {
    let ref = this.#entered.get(node)
    if (ref === undefined) this.#entered.set(node, (ref = this.#translate(node)))
    return ref
  }

  #translate(node: Node): Ref {
    switch (node.kind) {
      case 'const':
        return node.value
      case 'clause':
        return { node: this.#leaf(node.clause, node.written), negated: false }
      case 'not':
        return negate(this.#enter(node.child))
      case 'and':
        return this.#and(node.children.map(child => this.#enter(child)))
      case 'or':
        return negate(this.#and(node.children.map(child => negate(this.#enter(child)))))
    }
  }

  #leaf(clause: Clause, written: Condition | undefined): GraphNode {
    const id = this.#layout.intern(clause.key)
    const known = this.#nodes.get(id)
    if (known) return known
    const scope = this.#memoised.has(clause.scope) ? clause.scope : undefined
    const leaf: Leaf = {
      kind: 'clause',
      id,
      scope,
      uses: 0,
      memo: false,
      height: 0,
      cost: clauseCost(clause),
      likely: clauseLikelihood(clause),
      clause,
      written,
    }
    this.#nodes.set(id, leaf)
    return leaf
  }

  #and(refs: readonly Ref[]): Ref {
    const edges = new Map<number, Edge>()
    for (const ref of refs) {
      if (ref === true) continue
      if (ref === false || edges.has(-signed(ref))) return false
      if (!edges.has(signed(ref))) edges.set(signed(ref), ref)
    }
    const children = this.#guarded(this.#grouped(this.#merged([...edges.values()])))
    if (children.length === 0) return true
    if (children.length === 1) return children[0]!
    return { node: this.#conjunction(children), negated: false }
  }

  /** Groups the children of each memoised scope into one child: one truth to keep instead of several. */
  #grouped(edges: readonly Edge[]): Edge[] {
    if (edges.every(e => e.node.scope === edges[0]!.node.scope)) return [...edges]
    const grouped: Edge[] = []
    for (const scope of new Set(edges.map(e => e.node.scope))) {
      const own = edges.filter(e => e.node.scope === scope)
      if (scope === undefined || own.length === 1) grouped.push(...own)
      else grouped.push({ node: this.#conjunction(own), negated: false })
    }
    return grouped
  }

  /** Merges negated clauses of one operand, which are alternatives, into one clause. */
  #merged(edges: readonly Edge[]): Edge[] {
    const leaves: Leaf[] = []
    for (const { node, negated } of edges) if (negated && node.kind === 'clause') leaves.push(node)
    const clauses = mergeAlternatives(leaves.map(leaf => leaf.clause))
    if (clauses.length === leaves.length) return [...edges]
    const rest = edges.filter(({ node, negated }) => !negated || node.kind !== 'clause')
    const merged = clauses.map(clause => ({ node: this.#leaf(clause, leaves[0]!.written), negated: true }))
    return [...rest, ...merged]
  }

  /**
   * Rules have dozens of exceptions that mix scopes: `not (thread part and fd part)`. None of them applies where no thread part
   * holds, so one kept truth about the thread, "some part holds", guards them all.
   */
  #guarded(edges: readonly Edge[]): Edge[] {
    let rest = edges
    const guarded: Edge[] = []
    for (const scope of this.#memoised) {
      const own = rest.filter(edge => partOf(edge, scope) !== undefined)
      if (own.length < WORTH_A_GUARD) continue
      const noPart = this.#and(own.map(edge => negate(partOf(edge, scope)!)))
      if (typeof noPart === 'boolean') continue
      rest = rest.filter(edge => !own.includes(edge))
      // Either no part holds or all exceptions do: not (some part and not own).
      const all: Edge = { node: this.#conjunction(own), negated: true }
      guarded.push({ node: this.#conjunction([negate(noPart), all]), negated: true })
    }
    return guarded.length === 0 ? [...edges] : [...rest, ...guarded]
  }

  #conjunction(children: readonly Edge[]): GraphNode {
    const key = children.map(signed).sort((a, b) => a - b)
    const id = this.#layout.intern(`&${key}`)
    const known = this.#nodes.get(id)
    if (known) return known
    const first = children[0]!.node.scope
    const scope = children.every(e => e.node.scope === first) ? first : undefined
    const rank = (edge: Edge) => edgeCost(edge, scope) / (1 - edgeLikely(edge))
    const ordered = [...children].sort((a, b) => rank(a) - rank(b))
    const cost = ordered.reduceRight((rest, child) => edgeCost(child, scope) + rest * edgeLikely(child), 0)
    const likely = ordered.reduce((product, child) => product * edgeLikely(child), 1)
    const height = 1 + Math.max(...ordered.map(child => child.node.height))
    const and: Conjunction = { kind: 'and', id, scope, uses: 0, memo: false, height, cost, likely, children: ordered }
    this.#nodes.set(id, and)
    return and
  }

  /** Counts a use. A use from outside its scope makes a subtree of one scope a memoised one. */
  #use(node: GraphNode, userScope: string | undefined): void {
    if (node.scope !== undefined && node.scope !== userScope) node.memo = true
    if (node.uses++ === 0 && node.kind === 'and') for (const child of node.children) this.#use(child.node, node.scope)
  }
}

/** The cost of a child for its parent: only a read when the child is memoised. */
function edgeCost(edge: Edge, parentScope: string | undefined): number {
  return edge.node.scope !== undefined && edge.node.scope !== parentScope ? READ : edge.node.cost
}

/** Less than 1, so that ranks are finite. */
function edgeLikely({ node, negated }: Edge): number {
  return Math.min(negated ? 1 - node.likely : node.likely, 0.999)
}

/** The conjunct of a scope in an exception that mixes scopes. */
function partOf({ node, negated }: Edge, scope: string): Edge | undefined {
  if (!negated || node.kind !== 'and' || node.scope !== undefined) return undefined
  return node.children.find(child => child.node.scope === scope)
}

function signed(edge: Edge): number {
  return edge.negated ? -edge.node.id : edge.node.id
}

export function negate<R extends Ref>(ref: R): R {
  return (typeof ref === 'boolean' ? !ref : { node: ref.node, negated: !ref.negated }) as R
}
