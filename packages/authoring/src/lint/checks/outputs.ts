import { type CompiledRule, fieldTable, type MappedText, TRANSFORMER_NAMES } from '@falc/engine/analysis'
import { defineCheck, type Found } from '../check.ts'
import type { Project } from '../project.ts'

const meta = (output: string) => `- rule: Shell Opened
  desc: A shell was started
  condition: evt.type = execve and proc.name = bash
  output: ${output}
  priority: WARNING
`

interface Written {
  readonly compiled: CompiledRule
  /** The output as the file has it. */
  readonly text: MappedText
  isField(name: string, arg?: string): boolean
}

function* outputsOf({ rules, sources }: Project): Generator<Written> {
  const tables = new Map(sources.map(source => [source.name, fieldTable(source)]))
  for (const { rule: compiled } of rules) {
    const table = tables.get(compiled.rule.source)!
    const isField = (name: string, arg?: string) => table.lookup(name, arg) !== undefined
    yield { compiled, text: compiled.rule.outputText, isField }
  }
}

const NAME = '[a-zA-Z]\\w*(?:\\.\\w+)+(?:\\[[^\\]\\s]*\\])?'
/** How other languages write a field into a text, and a transformer whose percent sign is inside. */
const FOREIGN = new RegExp(
  [
    `\\$\\{ *(${NAME}) *\\}`,
    `\\{\\{ *\\.?(${NAME}) *\\}\\}`,
    `\\$(${NAME})`,
    `\\{(${NAME})\\}`,
    `(?<==)(${NAME})`,
    `((?:${TRANSFORMER_NAMES.join('|')})\\(%${NAME}\\))`,
  ]
    .map(form => `(?<![%\\w])${form}`)
    .join('|'),
  'g',
)

export const fieldAsText = defineCheck({
  code: 'field-as-text',
  severity: 'warning',
  summary: "A field's name is printed, not its value.",
  doc: `An output writes a field as \`%proc.name\`. What other languages write, \`\${proc.name}\`, \`{{proc.name}}\` or \`{proc.name}\`, is text, and so
is a name without a percent sign: the alert reads \`user=user.name\`.`,
  examples: {
    bad: meta('Shell opened (user={{user.name}} command=%proc.cmdline)'),
    good: meta('Shell opened (user=%user.name command=%proc.cmdline)'),
  },
  *run(project) {
    for (const { compiled, text, isField } of outputsOf(project))
      for (const match of text.text.matchAll(FOREIGN)) {
        const written = match
          .slice(1)
          .find(name => name !== undefined)!
          .replace('(%', '(')
        const [, name, arg] = /([^[()]*)(?:\[(.*)\])?\)?$/.exec(written)!
        if (!isField(name!, arg) && !isField(name!)) continue
        const place = text.place(match.index, match[0].length)
        yield {
          place,
          message: `the output of rule "${compiled.rule.name}" prints ${match[0]} as it stands`,
          advice: `Write %${written}.`,
          ...(place.length === match[0].length && {
            fix: { grade: 'safe', edits: [{ place, text: `%${written}` }] },
          }),
        }
      }
  },
})

export const fieldRunsOn = defineCheck({
  code: 'field-runs-on',
  severity: 'warning',
  summary: 'Text follows a field so closely that it looks like part of it.',
  doc: `The longest name that is a field is taken, and the rest is text: \`%proc.names\` is \`%proc.name\` and an s, \`%proc.aname[2\` without its
bracket is \`%proc.aname\` (all ancestors) and \`[2\`, \`%proc.aname(2)\` the same and \`(2)\`. Falco does so, too.`,
  examples: {
    bad: meta('Shell opened (user=%user.name parent=%proc.aname[2 command=%proc.cmdline)'),
    good: meta('Shell opened (user=%user.name parent=%proc.aname[2] command=%proc.cmdline)'),
  },
  *run(project) {
    for (const { compiled, text, isField } of outputsOf(project)) yield* runningOn(compiled, text, isField)
  },
})

const FIELD = /%\d*([a-zA-Z]\w*(?:\.\w+)+)(\[(?:"[^"]*"|'[^']*'|[^\][%]*)\]|\[\w*|\(\w+\))?/g

function* runningOn({ rule }: CompiledRule, text: MappedText, isField: Written['isField']): Generator<Found> {
  for (const match of text.text.matchAll(FIELD)) {
    const [whole, name = '', rest = ''] = match
    const arg = /^\[["']?(.*?)["']?\]$/.exec(rest)?.[1]
    if (arg !== undefined && !/^\s|\s$/.test(arg) && isField(name, arg)) continue
    let taken = name
    while (taken !== '' && !isField(taken)) taken = taken.slice(0, -1)
    const after = name.slice(taken.length) + rest
    if (taken === '' || after === '') continue
    const index =
      after === rest ? [/\w+/.exec(rest)?.[0] ?? '', '1'].find(arg => arg !== '' && isField(taken, arg)) : undefined
    // After a field without arguments it is plain text: `%proc.name[%proc.pid]`, `%user.name(%user.uid)`.
    if (after === rest && index === undefined) continue
    yield {
      place: text.place(match.index, whole.length),
      message: `the output of rule "${rule.name}" prints %${taken}, and then the text ${after}`,
      advice: index === undefined ? `Separate them: %${taken} ${after}.` : `Write %${taken}[${index}].`,
    }
  }
}
