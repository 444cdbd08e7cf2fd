import { nearest, type Place } from '@falc/engine'
import { type CompiledRule, fieldsIn, parseTemplate } from '@falc/engine/analysis'
import { defineCheck, type Found } from '../check.ts'
import type { Project } from '../project.ts'
import { TACTICS, techniqueProblem } from './mitre.ts'

const meta = (rest: string) => `- rule: Shell Opened
  desc: A shell was started
  condition: evt.type = execve and proc.name = bash
${rest}`

/** What an output should contain, and the fields that provide it. Falco's append_output adds `where` if containers are known. */
const QUESTIONS: Readonly<
  Record<string, readonly { readonly asks: string; readonly fields: RegExp; readonly such: string }[]>
> = {
  syscall: [
    { asks: 'who', fields: /^(user|group|proc|thread)\./, such: '%user.name or %proc.cmdline' },
    {
      asks: 'what',
      fields: /^(proc|fd|fs|evt\.(arg|args|type|rawarg|res)|thread)\b/,
      such: '%proc.cmdline or %fd.name',
    },
  ],
  k8s_audit: [
    { asks: 'who', fields: /^(ka\.(user|impuser|useragent|sourceips)|jevt)/, such: '%ka.user.name' },
    { asks: 'what', fields: /^(ka\.(verb|target|req|resp|uri|cluster)|jevt)/, such: '%ka.verb or %ka.target.name' },
    {
      asks: 'where',
      fields: /^(ka\.(target\.(namespace|name)|uri|sourceips|req|cluster|useragent|resp)|jevt)/,
      such: '%ka.target.namespace',
    },
  ],
}

export const outputLacks = defineCheck({
  code: 'output-lacks',
  severity: 'warning',
  summary: 'An output does not say who did what where.',
  doc: `Whoever reads the alert needs to know who acted (a user, a process), on what (a command, a file, a connection, an object), and where.
For system calls, falc and Falco add the container by \`append_output\`, so the place need not be in the rule.`,
  examples: {
    bad: meta('  output: A shell was started\n  priority: WARNING\n'),
    good: meta('  output: A shell was started (user=%user.name command=%proc.cmdline)\n  priority: WARNING\n'),
  },
  *run({ rules }) {
    for (const { rule } of rules) {
      const fields = outputFields(rule)
      const lacking = (QUESTIONS[rule.rule.source] ?? []).filter(
        ({ fields: wanted }) => !fields.some(name => wanted.test(name)),
      )
      const [first] = lacking
      if (first)
        yield {
          place: keyPlace(rule, 'output'),
          message: `the output of rule "${rule.rule.name}" does not say ${lacking.map(({ asks }) => asks).join(' and ')}`,
          advice: `Print ${lacking.map(({ such }) => such).join(', and ')}.`,
        }
    }
  },
})

function outputFields({ rule }: CompiledRule): string[] {
  const template = parseTemplate(rule.output, () => true)
  return template.flatMap(token => (token.kind === 'value' ? fieldsIn(token.operand).map(({ name }) => name) : []))
}

function keyPlace({ rule }: CompiledRule, key: 'output'): Place {
  const text = key === 'output' ? rule.outputText : rule.conditionText
  return text.text === '' ? rule.context.place : text.place(0, text.text.length)
}

export const unknownTag = defineCheck({
  code: 'unknown-mitre-tag',
  severity: 'warning',
  summary: "A tag is not one of MITRE ATT&CK's.",
  doc: `Tools group alerts by these tags: \`mitre_\` and a tactic in lower case with underscores (\`mitre_credential_access\`), and the number of
a technique as MITRE writes it (\`T1059\`, \`T1059.004\`). Old numbers that MITRE has revoked, such as T1086, are reported, and so are numbers
that never were a technique or a sub-technique. The list is that of ATT&CK v18; the next few numbers are let pass, since each release
has more.`,
  examples: {
    bad: meta(
      '  output: Shell (user=%user.name command=%proc.cmdline)\n  priority: WARNING\n  tags: [mitre_exection]\n',
    ),
    good: meta(
      '  output: Shell (user=%user.name command=%proc.cmdline)\n  priority: WARNING\n  tags: [mitre_execution, T1059.004]\n',
    ),
  },
  *run(project) {
    for (const { tag, place } of tagsOf(project)) {
      const tactic = /^mitre[_-](.*)$/i.exec(tag)?.[1]
      if (tactic !== undefined) {
        if (!(tag.startsWith('mitre_') && TACTICS.has(tactic))) yield tacticFinding(tag, tactic, place)
      } else if (/^t\d+([._-]\d+)?$/i.test(tag) && !/^T1\d{3}(\.\d{3})?$/.test(tag))
        yield {
          place,
          message: `${tag} is not written as a technique of MITRE ATT&CK`,
          advice: 'Write T1059 or T1059.004.',
        }
      else if (/^T1\d{3}(\.|$)/.test(tag)) {
        const message = techniqueProblem(tag)
        if (message !== undefined) yield { place, message, advice: 'See attack.mitre.org.' }
      }
    }
  },
})

function tacticFinding(tag: string, tactic: string, place: Place): Found {
  const message = `${tag} is not a tactic of MITRE ATT&CK`
  const guess = nearest(tactic.toLowerCase().replaceAll('-', '_'), TACTICS)
  if (guess === undefined) return { place, message, advice: `Tactics: ${[...TACTICS].join(', ')}.` }
  const text = `mitre_${guess}`
  // The place is that of the rule where the tag's own is not plain.
  const fix = place.length === tag.length ? ({ grade: 'safe', edits: [{ place, text }] } as const) : undefined
  return { place, message, advice: `Write ${text}.`, ...(fix && { fix }) }
}

function* tagsOf({ rules }: Project): Generator<{ tag: string; place: Place }> {
  for (const { rule } of rules) for (const tag of rule.rule.tags) yield { tag, place: tagPlace(rule, tag) }
}

/** The tag's own place in the text of its rule, where that is plain. */
function tagPlace({ rule }: CompiledRule, tag: string): Place {
  const { source, locations, place } = rule.context
  const from = place.offset
  const text = source.content.slice(from, from + (locations.at(-1)?.length ?? 0))
  const tags = text.search(/\n\s*tags:/)
  let at = tags < 0 ? -1 : text.indexOf(tag, tags)
  // T1059.004 implies T1059.
  while (at >= 0 && /[\w.-]/.test(text[at + tag.length] ?? '')) at = text.indexOf(tag, at + 1)
  return at < 0 ? place : source.place(from + at, tag.length)
}

const SPELLINGS = /^(?:[A-Z]+|[A-Z][a-z]+)$/

export const priorityForm = defineCheck({
  code: 'priority-spelling',
  severity: 'warning',
  summary: 'A priority is spelled in an unusual way.',
  doc: `Falco accepts any mixture of upper and lower case. Rules are easier to search and to sort with one spelling: \`WARNING\`, or
\`Warning\`.`,
  examples: {
    bad: meta('  output: Shell (user=%user.name command=%proc.cmdline)\n  priority: wArning\n'),
    good: meta('  output: Shell (user=%user.name command=%proc.cmdline)\n  priority: WARNING\n'),
  },
  *run({ analysis }) {
    for (const { source } of analysis.files)
      for (const match of source.content.matchAll(/^((?: *- +| *)priority: *)(\w+) *(?:#.*)?$/gm)) {
        const word = match[2]!
        if (SPELLINGS.test(word)) continue
        const place = source.place(match.index + match[1]!.length, word.length)
        const text = word.toUpperCase()
        yield {
          place,
          message: `priority ${word} is usually written ${text}`,
          fix: { grade: 'safe', edits: [{ place, text }] },
        }
      }
  },
})
