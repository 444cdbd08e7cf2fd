import { compileProgram } from '../bytecode/compile.ts'
import { MemoLayout } from '../bytecode/memo.ts'
import { saveProgram } from '../bytecode/save.ts'
import type { FieldTable } from '../fields/table.ts'
import { planRuleset } from '../ruleset/plan.ts'
import { textToBytes } from '../text/encoding.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { EngineOptions } from './options.ts'
import { RULESET_MAGIC, RULESET_VERSION, type SavedHeader, type SavedSource } from './saved.ts'

/** The enabled rules of some sources as bytes, for `loadRuleset`. */
export function saveRuleset(
  sources: readonly { readonly table: FieldTable; readonly rules: readonly CompiledRule[] }[],
  options: EngineOptions,
  plugins: readonly string[],
): Uint8Array {
  const programs: Uint8Array[] = []
  const header: SavedHeader = {
    first: options.ruleMatching !== 'all',
    iso8601: options.timeFormatIso8601 === true,
    staticFields: options.staticFields ?? {},
    plugins,
    sources: sources.map(({ table, rules }) => {
      const { saved, bytes } = saveSource(table, rules)
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

function saveSource(table: FieldTable, rules: readonly CompiledRule[]): { saved: SavedSource; bytes: Uint8Array[] } {
  const { source } = table
  const scopes = new Set(Object.keys(source.scopes ?? {}))
  const types = source.eventType ? source.eventTypes : undefined
  const plan = planRuleset(
    rules.map(({ node }) => node),
    types,
    scopes,
    true,
  )
  const layout = new MemoLayout()
  const bytes = plan.buckets.map(({ roots }) => saveProgram(compileProgram(table, roots, { memo: layout })))
  const saved: SavedSource = {
    name: source.name,
    alerts: rules.map(({ alert }) => alert),
    buckets: plan.buckets.map(({ rules, scopes, keys, rest }) => ({ rules, scopes, keys, rest })),
    bucketOf: plan.bucketOf === 0 ? 0 : Array.from(plan.bucketOf),
    memo: layout.scopes().map(scope => [scope, layout.size(scope)] as const),
    programs: bytes.map(program => program.length),
  }
  return { saved, bytes }
}
