import type { Node } from '@falc/engine/analysis'
import { and, type Formula, formulaOf, literalsOf } from '../../algebra/formula.ts'
import { defineCheck } from '../check.ts'
import { isInException, ownNodes, placeOf, type Unit } from '../project.ts'

const meta = (condition: string) => `- rule: Shell In Foreign Image
  desc: A shell was started in an image that is not ours
  condition: ${condition}
  output: Shell in foreign image (user=%user.name command=%proc.cmdline image=%container.image.repository)
  priority: WARNING
`

/** Fields that many events lack. */
export interface Absence {
  readonly fields: RegExp
  /** The events without them. */
  readonly where: string
  /** A check that leaves those out. With it, a negated check is reported; editors mark it in any case. */
  readonly guard?: string
}

/** In families: a check of one member that must hold shows that the others are there, too. */
export const ABSENCES: readonly Absence[] = [
  { fields: /^(container|k8s)\./, where: 'processes of the host', guard: 'container.id != host' },
  { fields: /^ka\.impuser\./, where: 'requests without impersonation', guard: 'ka.impuser.name exists' },
  { fields: /^ka\.response\./, where: 'events of the stage RequestReceived', guard: 'ka.response.code exists' },
  { fields: /^ka\.(req|target)\./, where: 'requests for objects of other kinds, or of none' },
  { fields: /^fd\./, where: 'events without a descriptor' },
  { fields: /^proc\.tty\b/, where: 'processes without a terminal' },
  { fields: /^proc\.(aname|apid|aexe|aexepath|acmdline)\b/, where: 'processes with fewer ancestors' },
  { fields: /^group\./, where: 'groups that are not in the group file' },
  { fields: /^thread\.cgroup\b/, where: 'control groups that a process is not in' },
  { fields: /^evt\.(arg|rawarg)\b/, where: 'event types without this parameter' },
]

const REPORTED = ABSENCES.filter(({ guard }) => guard !== undefined)

export const negatedAbsent = defineCheck({
  code: 'negated-absent',
  severity: 'warning',
  summary: 'A negated check holds for all events that do not have the field.',
  doc: `A check of a field that is absent is false, so its negation is true: \`not container.image.repository in (…)\` also holds for every
process of the host. This is the most frequent cause of false alerts. Say first that the field is there.

The fields are those that many events lack: \`container.*\` and \`k8s.*\` of processes on the host, \`ka.impuser.*\`, \`ka.response.*\`.
Exceptions are not reported: when they do not apply, the alert is wanted.`,
  examples: {
    bad: meta('evt.type = execve and proc.name = bash and not container.image.repository in (ours, theirs)'),
    good: meta(
      'evt.type = execve and proc.name = bash and container.id != host and not container.image.repository in (ours, theirs)',
    ),
  },
  *run(project) {
    for (const unit of project.rules)
      for (const { node, negated } of ownNodes(unit)) {
        const place = placeOf(node)
        if (node.kind !== 'clause' || !negated || node.written?.macro || !place || isInException(unit, node)) continue
        const field = node.clause.left.kind === 'field' ? node.clause.left.field : undefined
        const family = field && REPORTED.find(({ fields }) => fields.test(field.name))
        if (!family || isGuarded(unit, family.fields)) continue
        yield {
          place,
          message: `this also holds where ${field!.text} is absent: for ${family.where}`,
          advice: `Add ${family.guard}.`,
        }
      }
  },
})

/** The condition asks for a field of the family: without them all it cannot hold. */
function isGuarded({ node, solver }: Unit, family: RegExp): boolean {
  const isMember = (part: Node) => part.kind === 'clause' && part.clause.fields.some(({ name }) => family.test(name))
  const without: Formula = formulaOf(node, true, part => (isMember(part) ? false : undefined))
  return literalsOf(without).length === 0
    ? without.kind === 'const' && !without.value
    : solver.isImpossible(and([without]))
}
