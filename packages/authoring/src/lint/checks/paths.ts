import { defineCheck } from '../check.ts'
import { literalsOf } from '../literals.ts'

const meta = (condition: string) => `- rule: Library Replaced
  desc: A library was opened for writing
  condition: evt.type in (openat, openat2) and evt.is_open_write = true and ${condition}
  output: Library opened for writing (user=%user.name command=%proc.cmdline file=%fd.name)
  priority: WARNING
`

/** Fields that hold whole paths. */
const PATHS = /^(?:fd\.(?:name|nameraw|directory)|fs\.path\.\w+|proc\.[ap]?exepath|proc\.cwd)$/

export const pathPattern = defineCheck({
  code: 'path-pattern',
  severity: 'warning',
  summary: 'A pattern of `pmatch` matches fewer paths than it seems to.',
  doc: `\`pmatch\` compares a path folder by folder, from the root, and a \`*\` never crosses a slash. So \`/usr/**/lib\` asks for exactly one
folder in between, and \`*.so\` for a file or folder directly below the root. A path also matches when it is below the pattern:
\`/usr/lib\` needs no \`/*\` behind it. Where a \`*\` should match any number of folders, use \`glob\`.`,
  examples: {
    bad: meta('fd.name pmatch (/usr/**/ld.so)'),
    good: meta('fd.name glob "/usr/*/ld.so"'),
  },
  *run(project) {
    for (const { node, text, place } of literalsOf(project)) {
      const { op, left } = node.clause
      if (op !== 'pmatch' || left.kind !== 'field' || !PATHS.test(left.field.name)) continue
      const { text: field } = left.field
      if (text.includes('**')) {
        const below = /^([^*?[\\]*[^*?[\\/])\/\*\*$/.exec(text)?.[1]
        yield {
          place,
          message: `pmatch takes ** as *: in ${text} it stands for one folder`,
          advice:
            below === undefined
              ? `Write ${field} glob "${text.replaceAll('**', '*')}".`
              : `Write ${below}: all below it matches.`,
        }
      } else if (/[*?[]/.test(text) && !text.includes('/'))
        yield {
          place,
          message: `pmatch begins at the root: ${text} matches only what is directly below /`,
          advice: `Write ${field} glob ${JSON.stringify(text.startsWith('*') ? text : `*/${text}`)}.`,
        }
    }
  },
})
