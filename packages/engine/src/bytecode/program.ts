import type { MemoHolder } from '../fields/field.ts'
import type { RegexEngine } from '../fields/regex.ts'
import type { ResolvedField } from '../fields/table.ts'
import type { Place, Span } from '../text/span.ts'
import type { Constant } from './constants.ts'
import type { MemoLayout } from './memo.ts'
import { Op, WORDS } from './opcodes.ts'

/** Code, constants and fields: all that running needs. Made by compile.ts or read by save.ts. */
export interface Program {
  /** Name of the source whose events it is for. */
  readonly source: string
  readonly code: Int32Array
  /** Per root: the pc of its routine. */
  readonly roots: Int32Array
  readonly constants: readonly Constant[]
  /** Per value register: the field that `field` loads into it, undefined for registers of `load`, `tuple` and `apply`. */
  readonly registers: readonly (ResolvedField | undefined)[]
  /** Compiles `regex`; undefined in a program without that operator. */
  readonly regex: RegexEngine | undefined
  /** Slots of node[]. */
  readonly nodeCount: number
  /** The scopes that `memo` and `keep` name by index, with the function that finds the object in an event. */
  readonly scopes: readonly ProgramScope[]
  /** Assigns the memo slots; shared with the other programs of a ruleset. */
  readonly layout: MemoLayout
  /** Every clause, by the pc of its first instruction. */
  readonly clauses: readonly ProgramClause[]
}

export interface ProgramScope {
  readonly name: string
  readonly holder: (event: any) => MemoHolder | undefined
}

/** A clause, for listings. */
export interface ProgramClause {
  readonly pc: number
  readonly key: string
  /** In the condition's own text. */
  readonly span: Span | undefined
  /** In the rules file. */
  readonly place: Place | undefined
}

/** First and last pc (exclusive) of each routine. Routines follow one another; only the last instruction of each is `ret`. */
export function routinesOf(code: Int32Array): [number, number][] {
  const found: [number, number][] = []
  let start = 0
  for (let pc = 0; pc < code.length; pc += WORDS) {
    if (code[pc] !== Op.ret) continue
    found.push([start, pc + WORDS])
    start = pc + WORDS
  }
  return found
}

/** The deepest nesting of calls. Calls only go to later routines. */
export function callDepth(code: Int32Array): number {
  const depths = new Map<number, number>()
  let deepest = 0
  for (const [start, end] of routinesOf(code).reverse()) {
    let depth = 0
    for (let pc = start; pc < end; pc += WORDS) {
      const target = code[pc] === Op.node ? code[pc + 2]! : code[pc] === Op.memo ? code[pc + 3]! : undefined
      if (target !== undefined) depth = Math.max(depth, 1 + depths.get(target)!)
    }
    depths.set(start, depth)
    deepest = Math.max(deepest, depth)
  }
  return deepest
}
