/** The rule files of the benchmarks: the public ones of FALC_BENCH_RULES (a folder), else those of this repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { RulesFile } from '@falc/engine'

export const root = resolve(import.meta.dirname, '../..')

const beside = resolve(root, '../shared/corpus/rules')
/** Folder of Falco's public rule files, where there is one. */
export const publicRules = process.env.FALC_BENCH_RULES ?? (existsSync(beside) ? beside : undefined)

export const read = (path: string): RulesFile => ({ name: path, content: readFileSync(path, 'utf8') })

/** Falco's three files for system calls, or ours. */
export function syscallRules(which: 'stable' | 'all'): RulesFile[] {
  if (publicRules === undefined) return ownRules()
  const names = which === 'stable' ? ['falco_rules'] : ['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules']
  return names.map(name => read(join(publicRules!, `${name}.yaml`)))
}

export const auditRules = (): RulesFile[] => [
  read(publicRules === undefined ? join(root, 'rules/k8s_audit.yaml') : join(publicRules, 'k8s_audit_rules.yaml')),
]

function ownRules(): RulesFile[] {
  const folder = join(root, 'rules')
  return readdirSync(folder)
    .filter(name => name.endsWith('.yaml') && name !== 'k8s_audit.yaml')
    .sort()
    .map(name => read(join(folder, name)))
}

/**
 * The same rules again under other names, until there are `times` as many; macros and lists stay as they are.
 * @param exception what each copy then excepts, by its number; without it, copies have equal conditions
 */
export function multiplied(files: readonly RulesFile[], times: number, exception?: (n: number) => string): RulesFile[] {
  const more: RulesFile[] = []
  for (let i = 1; i < times; i++)
    for (const { name, content } of files) {
      const rules = content.split(/\n(?=- )/).filter(item => item.startsWith('- rule:'))
      const copies = rules.map(rule => rule.replace(/^- rule: (.*)$/m, `- rule: $1 (${i})`))
      const appended = exception
        ? copies.map(
            copy =>
              `${/^- rule: .*$/m.exec(copy)![0]}\n  condition: and not ${exception(i)}\n  override: { condition: append }`,
          )
        : []
      more.push({ name: `${name} (${i})`, content: [...copies, ...appended].join('\n') })
    }
  return [...files, ...more]
}
