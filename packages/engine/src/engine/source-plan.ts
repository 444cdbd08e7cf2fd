import { compileProgram } from '../bytecode/compile.ts'
import { MemoLayout } from '../bytecode/memo.ts'
import type { Program } from '../bytecode/program.ts'
import type { Node } from '../bytecode/tree.ts'
import type { FieldTable, ResolvedField } from '../fields/table.ts'
import { type ClauseNode, clausesOf } from '../ruleset/fold.ts'
import { planRuleset } from '../ruleset/plan.ts'
import type { RulesetShape } from '../ruleset/ruleset.ts'
import { sieveOf } from '../ruleset/sieve.ts'
import { type Unmatched, unmatchedOf } from '../ruleset/unmatched.ts'
import type { Tuning } from './options.ts'

/** The rules of a source divided by event type, with a program for each bucket. Both evaluation and saving use it. */
export interface SourcePlan {
  readonly table: FieldTable
  readonly shape: RulesetShape
  /** The memo slots that all programs of the plan share. */
  readonly layout: MemoLayout
  /** The program of a bucket. Compiled on first use. */
  program(bucket: number): Program
  /** Whether any rule may match, as far as the source's early fields decide it; undefined: they decide nothing. */
  sieve(): Program | undefined
  /** Which events of its classes no rule can match. */
  unmatched(): Unmatched
  /** Every field that the programs read; some may occur more than once. */
  fields(): Iterable<ResolvedField>
}

/** A plan that was made from conditions, with these. */
export interface CompiledPlan extends SourcePlan {
  /** Per bucket: the nodes that its shape refers to by number. */
  readonly roots: readonly (readonly Node[])[]
}

/**
 * Plans the buckets of a source's enabled rules.
 * @param alertFields the fields that the alert of a rule reads, by its position
 */
export function planSource(
  conditions: readonly Node[],
  table: FieldTable,
  tuning: Tuning = {},
  alertFields: (rule: number) => readonly ResolvedField[] = () => [],
): CompiledPlan {
  const { source } = table
  const { index = true, memo = true } = tuning
  const { buckets, bucketOf } = planRuleset(
    conditions,
    source.eventType ? source.eventTypes : undefined,
    new Set(memo ? Object.keys(source.scopes ?? {}) : []),
    index,
  )
  const layout = new MemoLayout()
  const roots = buckets.map(bucket => bucket.roots)
  const programs: (Program | undefined)[] = []
  return {
    table,
    shape: { rules: conditions.length, buckets, bucketOf },
    layout,
    roots,
    fields: () => fieldsOfNodes(roots.flat()),
    sieve: () => {
      const node = source.early && sieveOf(conditions, source.early)
      return node === undefined || (node.kind === 'const' && node.value) ? undefined : compileProgram(table, [node])
    },
    unmatched: () =>
      source.eventTypes?.classes === undefined ? {} : unmatchedOf(conditions, source.eventTypes, alertFields),
    program: bucket => (programs[bucket] ??= compileProgram(table, roots[bucket]!, memo ? { memo: layout } : {})),
  }
}

/** Every field that conditions read, each once. */
export function fieldsOfNodes(nodes: Iterable<Node>): Set<ResolvedField> {
  const clauses = new Map<string, ClauseNode>()
  for (const node of nodes) clausesOf(node, clauses)
  return new Set([...clauses.values()].flatMap(({ clause }) => clause.fields))
}
