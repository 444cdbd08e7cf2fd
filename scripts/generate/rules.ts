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
  for (const { file, title, rules } of ruleFiles()) {
    if (rules.length === 0) continue
    parts.push(`## ${file}`, title)
    parts.push(
      table(
        ['rule', 'priority', 'tags', 'what it detects'],
        rules.map(({ name, priority, tags, desc }) => [
          name,
          priority,
          tags.map(tag => `\`${tag}\``).join(' '),
          desc.replace(/\s+/g, ' ').trim(),
        ]),
      ),
    )
  }
  return `${parts.join('\n\n')}\n`
}

/** In the order of loading; the title is the comment at the head of the file. */
function ruleFiles(): { file: string; title: string; rules: LoadedRule[] }[] {
  const files = readdirSync(FOLDER)
    .filter(name => name.endsWith('.yaml'))
    .sort()
    .map(name => ({ name, content: readFileSync(join(FOLDER, name), 'utf8') }))
  const engine = new Engine({ sources: [syscall(), k8sAudit()] })
  const report = engine.load(files)
  if (!report.ok) throw new Error(`rules/ does not load: ${report.errors.map(error => error.message).join('; ')}`)
  return files.map(({ name, content }) => ({
    file: name,
    title: content
      .match(/^(?:#.*\n)*/)![0]
      .replace(/^# ?/gm, '')
      .trim(),
    rules: report.rules.filter(rule => content.includes(`- rule: ${rule.name}\n`)),
  }))
}
