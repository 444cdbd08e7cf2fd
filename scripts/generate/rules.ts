import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Engine, type LoadedRule } from '../../packages/engine/src/index.ts'
import { k8sAudit } from '../../packages/sources-k8saudit/src/index.ts'
import { syscall } from '../../packages/sources-syscall/src/index.ts'
import { table } from './markdown.ts'

const FOLDER = resolve(import.meta.dirname, '../../rules')

/** docs/rules.md: the rules of rules/, as the engine has loaded them. @throws {Error} when one does not load */
export function rulesPage(): string {
  const parts = [
    '# Rules',
    '_Generated from `rules/*.yaml` by `npm run generate`: do not edit._',
    'The rules that come with falc. [rules/README.md](../rules/README.md) says how to load and how to adapt them.',
  ]
  for (const { name, content, rules } of ruleFiles()) {
    parts.push(`## ${name}`, commentAtHead(content))
    for (const [heading, group] of Map.groupBy(rules, rule => headingOf(rule, content))) {
      if (heading !== '') parts.push(`### ${heading}`)
      parts.push(
        table(
          ['rule', 'priority', 'tags', 'what it detects'],
          group.map(rule => [
            rule.name,
            rule.priority,
            rule.tags.map(tag => `\`${tag}\``).join(' '),
            rule.desc.replace(/\s+/g, ' ').trim(),
          ]),
        ),
      )
    }
  }
  return `${parts.join('\n\n')}\n`
}

interface RuleFile {
  readonly name: string
  readonly content: string
  readonly rules: readonly LoadedRule[]
}

/** In the order in which a folder is loaded. */
function ruleFiles(): RuleFile[] {
  const files = readdirSync(FOLDER)
    .filter(name => name.endsWith('.yaml'))
    .sort()
    .map(name => ({ name, content: readFileSync(join(FOLDER, name), 'utf8') }))
  const engine = new Engine({ sources: [syscall(), k8sAudit()] })
  const report = engine.load(files)
  if (!report.ok) throw new Error(`rules/ does not load: ${report.errors.map(error => error.message).join('; ')}`)
  return files.map(file => ({ ...file, rules: report.rules.filter(rule => placeOf(rule, file.content) >= 0) }))
}

function placeOf(rule: LoadedRule, content: string): number {
  return content.indexOf(`- rule: ${rule.name}\n`)
}

function commentAtHead(content: string): string {
  return content
    .match(/^(?:#.*\n)*/)![0]
    .replace(/^# ?/gm, '')
    .trim()
}

/** The line `# == …` before a rule that is nearest to it; '' = there is none. */
function headingOf(rule: LoadedRule, content: string): string {
  const before = content.slice(0, placeOf(rule, content))
  const heading = [...before.matchAll(/^# == (.*?)\.?$/gm)].at(-1)
  return heading?.[1] ?? ''
}
