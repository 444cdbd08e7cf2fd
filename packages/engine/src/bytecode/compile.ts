import { Regex } from '../fields/regex.ts'
import type { FieldTable } from '../fields/table.ts'
import { TYPES } from '../fields/types.ts'
import { Assembler, type Loaded } from './assembler.ts'
import { emitClause } from './compile-clause.ts'
import { type Conjunction, type Edge, Graph, type GraphNode, type Leaf, negate, type Ref } from './graph.ts'
import { MemoLayout } from './memo.ts'
import { Op, type OpCode } from './opcodes.ts'
import type { Program, ProgramClause, ProgramScope } from './program.ts'
import type { Node } from './tree.ts'

export interface CompileOptions {
  /** Shared by the programs of a ruleset. Without one, no truth is kept beyond an event. */
  readonly memo?: MemoLayout
}

/**
 * Compiles conditions into one program. Equal clauses and equal subtrees are evaluated once per event, and once per object when
 * they belong to a scope.
 */
export function compileProgram(table: FieldTable, roots: readonly Node[], options: CompileOptions = {}): Program {
  const layout = options.memo ?? new MemoLayout()
  const holders = options.memo ? (table.source.scopes ?? {}) : {}
  const graph = new Graph(layout, new Set(Object.keys(holders)))
  const scopes = Object.entries(holders).map(([name, holder]) => ({ name, holder }))
  return new Compiler(table.source.name, layout, scopes).program(roots.map(root => graph.root(root)))
}

/** A call to patch: its routine has no address yet. */
interface Call {
  readonly pc: number
  readonly operand: number
  readonly node: GraphNode
}

/** Writes the routines of a graph. */
class Compiler {
  readonly #source: string
  readonly #layout: MemoLayout
  readonly #scopes: readonly ProgramScope[]
  readonly #assembler = new Assembler()
  readonly #nodeSlots = new Map<GraphNode, number>()
  readonly #clauses: ProgramClause[] = []
  readonly #calls: Call[] = []
  /** Subtrees whose routines are still to be written. */
  readonly #pending: GraphNode[] = []
  readonly #routines = new Map<GraphNode, number>()
  readonly #seen = new Set<GraphNode>()

  constructor(source: string, layout: MemoLayout, scopes: readonly ProgramScope[]) {
    this.#source = source
    this.#layout = layout
    this.#scopes = scopes
  }

  program(roots: readonly Ref[]): Program {
    const assembler = this.#assembler
    const entries = roots.map(ref => {
      const { pc } = assembler
      if (typeof ref === 'boolean') assembler.emit(Op.const, ref ? 1 : 0)
      else this.#edge(ref, new Set())
      assembler.emit(Op.ret)
      return pc
    })
    // The highest first, so that every routine follows its callers.
    while (this.#pending.length > 0) {
      this.#pending.sort((a, b) => a.height - b.height)
      this.#routine(this.#pending.pop()!)
    }
    for (const call of this.#calls) assembler.patch(call.pc, call.operand, this.#routines.get(call.node)!)
    const code = Int32Array.from(assembler.code)
    return {
      source: this.#source,
      code,
      roots: Int32Array.from(entries),
      constants: assembler.constants,
      registers: assembler.registers,
      regex: Regex,
      nodeCount: this.#nodeSlots.size,
      scopes: this.#scopes,
      layout: this.#layout,
      clauses: this.#clauses,
    }
  }

  /** A routine leaves its subtree's truth in node[] or memo[] and returns. */
  #routine(node: GraphNode): void {
    this.#routines.set(node, this.#assembler.pc)
    if (node.kind === 'clause') this.#leaf(node, new Set())
    else {
      // A disjunction is a negated conjunction of negated children: the form with fewer negations gives shorter code.
      const negated = node.children.filter(c => c.negated).length * 2 > node.children.length
      this.#and(node, negated, new Set())
      if (negated) this.#assembler.emit(Op.not)
    }
    if (node.memo) this.#assembler.emit(Op.keep, this.#scopeIndex(node), this.#layout.slot(node.scope!, node.id))
    else this.#assembler.emit(Op.save, this.#nodeSlot(node))
    this.#assembler.emit(Op.ret)
  }

  /** Leaves the edge's truth in t. */
  #edge({ node, negated }: Edge, loaded: Loaded): void {
    if (node.memo) this.#call(node, Op.memo, this.#scopeIndex(node), this.#layout.slot(node.scope!, node.id))
    else if (isShared(node)) this.#call(node, Op.node, this.#nodeSlot(node))
    else if (node.kind === 'clause') this.#leaf(node, loaded)
    else {
      this.#and(node, negated, loaded)
      return
    }
    if (negated) this.#assembler.emit(Op.not)
  }

  #call(node: GraphNode, op: OpCode, a: number, b?: number): void {
    const pc = this.#assembler.emit(op, a, b)
    this.#calls.push({ pc, operand: b === undefined ? 1 : 2, node })
    if (this.#seen.has(node)) return
    this.#seen.add(node)
    this.#pending.push(node)
  }

  /** A conjunction: the first false child decides. Negated, it is the disjunction of the negated children: the first true one decides. */
  #and(node: Conjunction, negated: boolean, loaded: Loaded): void {
    const jumps: number[] = []
    // Only the first child is certainly evaluated; registers loaded by a later one are certain only for those after it.
    let known = loaded
    for (const [i, child] of node.children.entries()) {
      this.#edge(negated ? negate(child) : child, known)
      if (i === 0) known = new Set(known)
      if (i < node.children.length - 1) jumps.push(this.#assembler.emit(negated ? Op.jt : Op.jf))
    }
    for (const jump of jumps) this.#assembler.patch(jump, 0, this.#assembler.pc)
  }

  #leaf(node: Leaf, loaded: Loaded): void {
    const { key } = node.clause
    this.#clauses.push({ pc: this.#assembler.pc, key, span: node.written?.span, place: node.written?.place })
    emitClause(node.clause, this.#assembler, loaded)
  }

  #nodeSlot(node: GraphNode): number {
    let slot = this.#nodeSlots.get(node)
    if (slot === undefined) this.#nodeSlots.set(node, (slot = this.#nodeSlots.size))
    return slot
  }

  #scopeIndex(node: GraphNode): number {
    return this.#scopes.findIndex(s => s.name === node.scope)
  }
}

/** Used more than once, and more expensive than a look-up of its truth. */
function isShared(node: GraphNode): boolean {
  if (node.uses < 2) return false
  if (node.kind === 'and') return true
  const { kind } = TYPES[node.clause.left.type]
  return node.clause.left.kind !== 'field' || (kind !== 'number' && kind !== 'bool')
}
