import { and, type Formula, formulaOf } from '../../algebra/formula.ts'
import { witnessText } from '../../algebra/solve.ts'
import { defineCheck } from '../check.ts'
import type { Project, Unit } from '../project.ts'

const rule = (name: string, condition: string) => `- rule: ${name}
  desc: A shell was started
  condition: ${condition}
  output: ${name} (user=%user.name command=%proc.cmdline)
  priority: WARNING
`

export const shadowedRule = defineCheck({
  code: 'shadowed-rule',
  severity: 'warning',
  summary: 'An earlier rule matches every event that this rule matches.',
  doc: `By default an event raises the alert of the first rule that matches (\`rule_matching: first\`), in the order of loading. This rule never
gets its turn. The message names an event that both match.

Put special rules before general ones, or exclude the special case from the general rule.`,
  examples: {
    bad:
      rule('Any Shell', 'evt.type = execve and proc.name in (bash, sh)') +
      rule('Bash', 'evt.type = execve and proc.name = bash'),
    good:
      rule('Bash', 'evt.type = execve and proc.name = bash') +
      rule('Any Shell', 'evt.type = execve and proc.name in (bash, sh)'),
  },
  *run(project) {
    for (const { unit, earlier, same } of pairs(project)) {
      if (same) continue
      const witness = unit.solver.solve(formulaOf(unit.node))
      const example = typeof witness === 'object' ? `, such as ${witnessText(witness)}` : ''
      yield {
        place: unit.place,
        message: `rule "${unit.name}" never alerts: "${earlier.name}" (line ${earlier.place.line}) matches the same events first${example}`,
        advice: 'Put the special rule before the general one.',
      }
    }
  },
})

export const duplicateRule = defineCheck({
  code: 'duplicate-rule',
  severity: 'warning',
  summary: 'Two rules match the same events.',
  doc: `The conditions mean the same, however they are written, so the later rule never raises an alert. Remove one of them.`,
  examples: {
    bad:
      rule('Bash', 'evt.type = execve and proc.name = bash') +
      rule('Bash Again', 'proc.name in (bash) and evt.type = execve'),
    good:
      rule('Bash', 'evt.type = execve and proc.name = bash') + rule('Zsh', 'proc.name in (zsh) and evt.type = execve'),
  },
  *run(project) {
    for (const { unit, earlier, same } of pairs(project))
      if (same)
        yield {
          place: unit.place,
          message: `rule "${unit.name}" matches the same events as "${earlier.name}" (line ${earlier.place.line})`,
          advice: 'Remove one of them.',
        }
  },
})

interface Pair {
  readonly unit: Unit
  readonly earlier: Unit
  /** Each implies the other. */
  readonly same: boolean
}

const known = new WeakMap<Project, readonly Pair[]>()

/** Rules that an earlier one covers; of several such, the first. */
function pairs(project: Project): readonly Pair[] {
  let found = known.get(project)
  if (!found) known.set(project, (found = findPairs(project)))
  return found
}

/** Steps of one comparison: a decision is quick, or not worth the time. */
const LIMIT = 2000

function findPairs({ rules, allRules }: Project): Pair[] {
  const own = new Set(rules)
  const enabled = allRules
    .filter(({ rule }) => rule.rule.enabled)
    .map(unit => ({ unit, yes: formulaOf(unit.node), no: formulaOf(unit.node, false) }))
    .filter(({ unit, yes }) => !unit.solver.isImpossible(yes))
  const impossible = (unit: Unit, a: Formula, b: Formula) => unit.solver.isImpossible(and([a, b]), LIMIT)
  return enabled.flatMap(({ unit, yes, no }, at): Pair[] => {
    if (!own.has(unit)) return []
    const cover = enabled
      .slice(0, at)
      .find(earlier => earlier.unit.rule.rule.source === unit.rule.rule.source && impossible(unit, yes, earlier.no))
    return cover ? [{ unit, earlier: cover.unit, same: impossible(unit, cover.yes, no) }] : []
  })
}
