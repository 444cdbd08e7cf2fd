import type { AlertTemplate } from '../alert/plan.ts'
import { saveField, saveProgram, usesRegex } from '../bytecode/save.ts'
import { textToBytes } from '../text/encoding.ts'
import type { EngineOptions } from './options.ts'
import { RULESET_MAGIC, RULESET_VERSION, type SavedHeader, type SavedSource } from './saved.ts'
import type { SourcePlan } from './source-plan.ts'

/** The enabled rules of a source: their plan, and for each the plan of its alerts. */
export interface PlannedRules {
  readonly plan: SourcePlan
  readonly alerts: readonly AlertTemplate[]
}

/** The enabled rules of some sources as bytes, for `loadRuleset`. */
export function saveRuleset(
  sources: readonly PlannedRules[],
  options: EngineOptions,
  plugins: readonly string[],
): Uint8Array {
  const programs: Uint8Array[] = []
  const header: SavedHeader = {
    first: options.ruleMatching !== 'all',
    iso8601: options.timeFormatIso8601 === true,
    staticFields: options.staticFields ?? {},
    plugins,
    sources: sources.map(rules => {
      const { saved, bytes } = saveSource(rules)
      programs.push(...bytes)
      return saved
    }),
  }
  const json = textToBytes(JSON.stringify(header))
  const out = new Uint8Array(programs.reduce((n, program) => n + program.length, 12 + json.length))
  const view = new DataView(out.buffer)
  view.setUint32(0, RULESET_MAGIC, true)
  view.setUint32(4, RULESET_VERSION, true)
  view.setUint32(8, json.length, true)
  out.set(json, 12)
  let at = 12 + json.length
  for (const program of programs) {
    out.set(program, at)
    at += program.length
  }
  return out
}

function saveSource({ plan, alerts }: PlannedRules): { saved: SavedSource; bytes: Uint8Array[] } {
  const { shape, layout, table } = plan
  // Compiling a bucket may add memo slots, so all are compiled before the slots are counted.
  const programs = shape.buckets.map((_, bucket) => plan.program(bucket))
  const sieve = plan.sieve()
  if (sieve) programs.push(sieve)
  const bytes = programs.map(saveProgram)
  const fields = new Set(programs.flatMap(({ registers }) => registers.filter(field => field !== undefined)))
  const saved: SavedSource = {
    name: table.source.name,
    alerts,
    buckets: shape.buckets.map(({ rules, scopes, keys, rest, needs }) => ({ rules, scopes, keys, rest, needs })),
    bucketOf: shape.bucketOf === 0 ? 0 : Array.from(shape.bucketOf),
    memo: layout.scopes().map(scope => [scope, layout.size(scope)] as const),
    fields: [...fields].map(saveField),
    regex: programs.some(usesRegex),
    programs: bytes.map(program => program.length),
    sieve: sieve !== undefined,
    unmatched: plan.unmatched(),
  }
  return { saved, bytes }
}
