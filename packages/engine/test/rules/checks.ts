import { fieldsOf, walk } from '../../src/condition/walk.ts'
import { collect, type SourceCheck } from '../../src/rules/collect.ts'
import type { Finding, Findings } from '../../src/rules/finding.ts'
import { read } from '../../src/rules/read.ts'
import { type LoadResult, report } from '../../src/rules/report.ts'
import { resolve } from '../../src/rules/resolve.ts'
import type { PluginVersion, ResolvedRule, ResolveOptions } from '../../src/rules/rule.ts'

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  syscall: [
    'evt.type',
    'evt.dir',
    'evt.arg',
    'proc.name',
    'proc.pname',
    'proc.aname',
    'proc.cmdline',
    'proc.args',
    'proc.tty',
    'fd.name',
    'fd.num',
    'user.name',
  ],
  k8s_audit: ['ka.verb', 'ka.target.name', 'jevt.value'],
}

const sources: SourceCheck = {
  sources: new Map(Object.entries(FIELDS)),
  isField: (source, name) => FIELDS[source]!.includes(name),
}

/** Stands in for the compiler: it only knows which fields exist. */
function check(rule: ResolvedRule): Findings {
  const errors: Finding[] = []
  const known = FIELDS[rule.source]!
  const cause = 'unknown-field'
  walk(rule.condition, node => {
    if (node.kind !== 'check') return
    for (const { name, span } of fieldsOf(node)) {
      if (known.includes(name)) continue
      const message = `filter_check called with nonexistent field ${name}`
      errors.push({ code: 'LOAD_ERR_COMPILE_CONDITION', part: 'condition', message, span, place: node.place, cause })
    }
  })
  for (const { 0: token, 1: name, index } of rule.output.matchAll(/%([a-z]\w*(?:\.\w+)+)/g)) {
    if (known.includes(name!)) continue
    const span = { offset: index, line: 1, column: index + 1, length: token.length }
    errors.push({ code: 'LOAD_ERR_COMPILE_OUTPUT', part: 'output', message: `unknown filter: ${name}`, span, cause })
  }
  return { errors, warnings: [] }
}

interface Options extends ResolveOptions {
  readonly plugins?: readonly PluginVersion[]
}

/** Loads files without the engine: two sources with a few fields, and nothing is compiled. */
export function load(
  files: readonly { readonly name: string; readonly content: string }[],
  options: Options = {},
): LoadResult & {
  readonly rules: readonly ResolvedRule[]
  readonly states: readonly ReadonlyMap<string, ResolvedRule>[]
} {
  const texts = files.map(read)
  const resolved = [...resolve(collect(texts, sources), options)]
  const { result } = report(texts, resolved, { findings: check }, { plugins: options.plugins ?? [] })
  const states = resolved.map(({ rules }) => rules)
  const rules = result.ok ? [...(states.at(-1)?.values() ?? [])].filter(rule => check(rule).errors.length === 0) : []
  return { ...result, rules, states }
}
