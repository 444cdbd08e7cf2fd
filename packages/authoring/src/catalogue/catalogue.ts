import type { LoadedRule } from '@falc/engine'

/** A rules file with the rules that it defines. */
export interface CataloguedFile {
  readonly name: string
  readonly content: string
  readonly rules: readonly LoadedRule[]
}

/**
 * What the rules of files detect, as Markdown: a section for each file, with the comment at its head; a part for each comment
 * `# == heading` in it; a table of the rules.
 */
export function catalogue(files: readonly CataloguedFile[]): string {
  const parts = files.flatMap(({ name, content, rules }) => {
    const groups = [...Map.groupBy(rules, rule => headingOf(rule, content))]
    const sections = groups.flatMap(([heading, group]) => [
      ...(heading === '' ? [] : [`### ${heading}`]),
      tableOf(group),
    ])
    return [`## ${name}`, commentAtHead(content), ...sections].filter(part => part !== '')
  })
  return `${parts.join('\n\n')}\n`
}

/** The rules by the file that defines them. @param rules as loaded from the files */
export function cataloguedFiles(
  files: readonly { readonly name: string; readonly content: string }[],
  rules: readonly LoadedRule[],
): CataloguedFile[] {
  return files.map(file => ({ ...file, rules: rules.filter(rule => positionOf(rule).name === file.name) }))
}

function positionOf(rule: LoadedRule) {
  return rule.locations.at(-1)!.position
}

function tableOf(rules: readonly LoadedRule[]): string {
  const rows = rules.map(({ name, enabled, priority, tags, desc }) => [
    enabled ? name : `${name} (disabled)`,
    priority,
    tags.map(tag => `\`${tag}\``).join(' '),
    desc.replace(/\s+/g, ' ').trim(),
  ])
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const head = ['rule', 'priority', 'tags', 'what it detects']
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The first comment, unless it is a licence. */
function commentAtHead(content: string): string {
  const comment = content
    .match(/^(?:#.*\n)*/)![0]
    .replace(/^# ?/gm, '')
    .trim()
  return /copyright|spdx|licen[sc]e/i.test(comment) ? '' : comment
}

/** The comment `# == …` before a rule that is nearest to it; '' = there is none. */
function headingOf(rule: LoadedRule, content: string): string {
  const before = content.slice(0, positionOf(rule).offset)
  return [...before.matchAll(/^# == (.*?)\.?$/gm)].at(-1)?.[1] ?? ''
}
