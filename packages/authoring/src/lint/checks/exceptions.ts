import type { Place } from '@falc/engine'
import type { Node } from '@falc/engine/analysis'
import { and, formulaOf } from '../../algebra/formula.ts'
import { defineCheck } from '../check.ts'
import { isWithin, nodesOf, type Project, placeOf, type Unit } from '../project.ts'

const rule = (condition: string, exceptions: string) => `- rule: Shell Opened
  desc: A shell was started
  condition: ${condition}
  exceptions:
${exceptions}
  output: Shell opened (user=%user.name command=%proc.cmdline)
  priority: WARNING
`

export const exceptionSwallows = defineCheck({
  code: 'exception-swallows',
  severity: 'error',
  summary: 'An exception covers all that the rule detects.',
  doc: `With this exception the rule never raises an alert. The values are too general: a prefix such as \`/\`, a pattern such as \`*\`, or a
list that has all values that the condition asks for.`,
  examples: {
    bad: rule(
      'evt.type = execve and proc.name = bash',
      '    - name: ours\n      fields: [proc.name]\n      comps: [startswith]\n      values:\n        - [ba]',
    ),
    good: rule(
      'evt.type = execve and proc.name = bash',
      '    - name: ours\n      fields: [proc.pname]\n      comps: [startswith]\n      values:\n        - [ba]',
    ),
  },
  *run(project) {
    for (const { unit, base, name, node, place } of exceptionsOf(project))
      if (unit.solver.isImpossible(and([...base.map(part => formulaOf(part)), formulaOf(node)])))
        yield {
          place,
          message: `exception "${name}" covers all that rule "${unit.name}" detects`,
          advice: 'Narrow its values.',
        }
  },
})

export const exceptionNeverApplies = defineCheck({
  code: 'exception-never-applies',
  severity: 'warning',
  summary: 'The rule does not match the events that an exception is for.',
  doc: `The condition and the values of the exception contradict each other, so the values have no effect. Perhaps the name is misspelled,
the wrong field was chosen, or the condition has changed since.`,
  examples: {
    bad: rule(
      'evt.type = execve and proc.name = bash',
      '    - name: ours\n      fields: [proc.name, proc.pname]\n      values:\n        - [sh, cron]\n        - [bash, cron]',
    ),
    good: rule(
      'evt.type = execve and proc.name = bash',
      '    - name: ours\n      fields: [proc.name, proc.pname]\n      values:\n        - [bash, cron]',
    ),
  },
  *run(project) {
    for (const { unit, base, name, node, place } of exceptionsOf(project)) {
      const without = base.map(part => formulaOf(part))
      const inner = node.kind === 'not' ? node.child : node
      const rows = inner.kind === 'or' ? inner.children : [inner]
      for (const row of rows)
        if (unit.solver.isImpossible(and([...without, formulaOf(row)])))
          yield {
            place: valuePlace(row, unit) ?? place,
            message: `these values of exception "${name}" never apply: rule "${unit.name}" does not match such events`,
          }
    }
  },
})

/** The place of the first value of a row. */
function valuePlace(row: Node, { text, rule }: Unit): Place | undefined {
  for (const node of nodesOf(row)) {
    const check = node.written
    if (check?.kind !== 'check' || check.right === undefined) continue
    const [first] = Array.isArray(check.right) ? check.right : [check.right]
    const place = first?.span && text.place(first.span.offset, first.span.length)
    if (place && rule.rule.exceptions.some(exception => isWithin(place, exception.place))) return place
  }
  return undefined
}

interface ExceptionPart {
  readonly unit: Unit
  readonly name: string
  /** `not (values)` */
  readonly node: Node
  /** The rest of the condition, without exceptions. */
  readonly base: readonly Node[]
  readonly place: Place
}

function exceptionsOf({ rules }: Project): ExceptionPart[] {
  return rules.flatMap(unit => {
    const { node, rule } = unit
    const { exceptions } = rule.rule
    if (node.kind !== 'and' || exceptions.length === 0) return []
    const ownerOf = (part: Node) =>
      part.kind === 'not'
        ? exceptions.find(({ place }) => [...nodesOf(part)].some(inner => isIn(placeOf(inner), place)))
        : undefined
    const base = node.children.filter(part => !ownerOf(part))
    return node.children.flatMap(part => {
      const owner = ownerOf(part)
      return owner ? [{ unit, name: owner.name, node: part, base, place: owner.place }] : []
    })
  })
}

function isIn(place: Place | undefined, outer: Place): boolean {
  return place !== undefined && isWithin(place, outer)
}
