import type { Place } from '@falc/engine'
import { type Condition, map, type Node, printCondition } from '@falc/engine/analysis'
import { and, type Formula, formulaOf, literalsOf } from '../../algebra/formula.ts'
import { defineCheck, type Found } from '../check.ts'
import { isInException, isWithin, nodesOf, type Own, ownNodes, type Project, placeOf, type Unit } from '../project.ts'

const meta = (condition: string) => `- rule: Shell opened
  desc: A shell was started
  condition: ${condition}
  output: Shell opened (user=%user.name command=%proc.cmdline)
  priority: WARNING
`

const requests = (condition: string) => `- rule: Secret Changed
  desc: A secret was changed
  condition: ${condition}
  output: Secret changed (user=%ka.user.name secret=%ka.target.name ns=%ka.target.namespace)
  priority: WARNING
  source: k8s_audit
`

function units({ rules, macros }: Project): readonly Unit[] {
  return [...rules, ...macros]
}

function textOf(node: Node): string {
  const named = (part: Condition): Condition =>
    part.macro === undefined ? part : { kind: 'macro', name: part.macro, span: part.span! }
  const text = node.written ? printCondition(map(node.written, named)) : ''
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

export const alwaysFalse = defineCheck({
  code: 'always-false',
  severity: 'error',
  summary: 'A condition can never hold.',
  doc: `The checks contradict each other, so the rule never raises an alert and looks as if all were well.

Often two values of one field are joined with \`and\` where \`or\`, or \`in (…)\`, was meant. A check of an absent field is false, so
asking for a value of a field and for its absence is a contradiction, too.`,
  examples: {
    bad: meta('evt.type = execve and proc.name = bash and proc.name = sh'),
    good: meta('evt.type = execve and proc.name in (bash, sh)'),
  },
  *run(project) {
    for (const unit of units(project))
      if (isAlwaysFalse(unit) && !lacksField(unit))
        yield {
          place: rootPlace(unit),
          message: `the condition of ${unit.kind} "${unit.name}" can never hold${culprits(unit)}`,
          advice: 'Join alternatives with or, or with in (…).',
        }
  },
})

function rootPlace({ node, place, kind }: Unit): Place {
  return (kind === 'macro' ? node.written?.place : placeOf(node)) ?? place
}

/** Exceptions have checks of their own. */
function withoutExceptions(unit: Unit): Formula {
  const { node, rule } = unit
  if (rule.rule.exceptions.length === 0 || node.kind !== 'and') return formulaOf(node)
  return and(node.children.filter(child => !isException(unit, child)).map(child => formulaOf(child)))
}

function isException(unit: Unit, node: Node): boolean {
  return node.kind === 'not' && [...nodesOf(node)].some(inner => isInException(unit, inner))
}

function isAlwaysFalse(unit: Unit): boolean {
  return unit.solver.isImpossible(withoutExceptions(unit))
}

/** The fewest parts of a conjunction that already contradict each other. */
function culprits({ node, solver }: Unit): string {
  if (node.kind !== 'and') return ''
  let parts = [...node.children]
  for (const child of node.children) {
    const fewer = parts.filter(part => part !== child)
    if (fewer.length > 0 && solver.isImpossible(and(fewer.map(part => formulaOf(part))))) parts = fewer
  }
  return parts.length > 1 && parts.length < 5
    ? `: ${textOf(parts[0]!)} contradicts ${parts.slice(1).map(textOf).join(' and ')}`
    : ''
}

export const alwaysTrue = defineCheck({
  code: 'always-true',
  severity: 'error',
  summary: 'A condition holds for every event.',
  doc: `The alternatives cover all there is, so the rule raises an alert for each event. \`x != a or x != b\` is the usual reason: whatever
\`x\` is, it differs from one of them. Join negations with \`and\`, or write \`not x in (a, b)\`.

A condition that holds for each event of the types that it names is another matter: such rules are meant.`,
  examples: {
    bad: requests('not ka.verb = get or not ka.verb = list'),
    good: requests('not ka.verb in (get, list)'),
  },
  *run(project) {
    for (const unit of units(project))
      if (unit.solver.isImpossible(formulaOf(unit.node, false)))
        yield {
          place: rootPlace(unit),
          message: `the condition of ${unit.kind} "${unit.name}" holds for every event`,
          advice: 'Join negations with and.',
        }
  },
})

export const eventTypeWithoutField = defineCheck({
  code: 'event-type-without-field',
  severity: 'error',
  summary: 'A condition asks an event type for a field that its events never have.',
  doc: `An event has only the arguments of its call, and only events about descriptors have \`fd.*\`. A check of a field that is absent is
false, so the rule never raises an alert.

\`falc list --events\` shows the arguments of each event.`,
  examples: {
    bad: meta('evt.type = execve and fd.name startswith /etc'),
    good: meta('evt.type = openat and fd.name startswith /etc'),
  },
  *run(project) {
    for (const unit of units(project))
      if (lacksField(unit))
        yield {
          place: rootPlace(unit),
          message: `the events that ${unit.kind} "${unit.name}" is about have not all of the fields that it asks for${culprits(unit)}`,
          advice: 'See falc list --events for what an event has.',
        }
  },
})

/** The condition can never hold, and would if all events had all fields. */
function lacksField(unit: Unit): boolean {
  return isAlwaysFalse(unit) && !unit.bare.isImpossible(withoutExceptions(unit))
}

export const deadBranch = defineCheck({
  code: 'dead-branch',
  severity: 'warning',
  summary: 'One of the alternatives can never hold.',
  doc: `An alternative of an \`or\` contradicts itself: it can be dropped, or something else was meant. Mind that \`and\` binds closer than
\`or\`: \`a or b and c\` is \`a or (b and c)\`.`,
  examples: {
    bad: meta('evt.type = execve and (proc.name = bash or (proc.name = sh and proc.name startswith z))'),
    good: meta('evt.type = execve and (proc.name = bash or (proc.name = sh and proc.pname startswith z))'),
  },
  *run(project) {
    for (const unit of units(project)) {
      if (isAlwaysFalse(unit)) continue
      const dead: Place[] = []
      for (const { node, joined, negated } of ownNodes(unit)) {
        const place = placeOf(node)
        if (!joined || !place || dead.some(outer => isWithin(place, outer)) || node.kind === 'clause') continue
        if ((joined === 'or') === negated || !unit.solver.isImpossible(formulaOf(node, !negated))) continue
        dead.push(place)
        yield { place, message: `this alternative can never hold: ${textOf(node)}` }
      }
    }
  },
})

export const noEffect = defineCheck({
  code: 'no-effect',
  severity: 'warning',
  summary: 'A check makes no difference.',
  doc: `The rest of the condition already decides: with and without this check it matches the same events. Either it is superfluous, or
another field or value was meant: a condition \`proc.name = bash and proc.name != sh\` may have been about the parent.

Checks that a macro brings along are not reported, since a macro serves many rules.`,
  examples: {
    bad: meta('evt.type = execve and proc.name in (bash, sh) and proc.name != zsh'),
    good: meta('evt.type = execve and proc.name in (bash, sh) and proc.pname != zsh'),
  },
  *run(project) {
    for (const unit of units(project)) yield* withoutEffect(unit)
  },
})

/** Most parts of a condition that are tried one by one. */
const MAX_PARTS = 200

function* withoutEffect(unit: Unit): Generator<Found> {
  const { node, bare: solver } = unit
  if (solver.isImpossible(formulaOf(node)) || solver.isImpossible(formulaOf(node, false))) return
  const own = ownNodes(unit).filter(({ joined }) => joined !== undefined)
  if (own.length > MAX_PARTS) return
  const dropped = new Map<Node, boolean>()
  // From the end: of two equal checks the later one is superfluous.
  for (const one of own.toReversed()) {
    const place = placeOf(one.node)
    if (!place || isInException(unit, one.node) || isPlaceholder(one.node) || isDead(one.node)) continue
    if (!solver.isImpossible(whereItMatters(one, dropped), LIMIT)) continue
    dropped.set(one.node, one.joined === 'and')
    yield { place, message: `${textOf(one.node)} makes no difference${impliedBy(one, unit)}` }
  }

  /** What dead-branch reports. */
  function isDead(part: Node): boolean {
    return (
      part.kind !== 'clause' && (solver.isImpossible(formulaOf(part)) || solver.isImpossible(formulaOf(part, false)))
    )
  }
}

/** Steps of one search: most take a dozen. */
const LIMIT = 100

/**
 * The events for which a part decides. On the way to the root, everything joined with it by `and` holds and everything joined by `or` does
 * not, and the part itself differs from the result of dropping it.
 */
function whereItMatters({ node, joined, around }: Own, dropped: ReadonlyMap<Node, boolean>): Formula {
  const replace = dropped.size > 0 ? (other: Node) => dropped.get(other) : undefined
  const siblings = around.flatMap(({ kind, children }, depth) => {
    const inner = around[depth - 1] ?? node
    const others = children.filter(child => child !== inner && !(child.kind === 'not' && contains(child, inner)))
    return others.map(child => formulaOf(child, kind === 'and', replace))
  })
  return and([...siblings, formulaOf(node, joined === 'or', replace)])
}

function contains(outer: Node, inner: Node): boolean {
  return outer.kind === 'not' && (outer.child === inner || contains(outer.child, inner))
}

/** A part that is there for others to fill in: `never_true`, an empty list. */
function isPlaceholder(node: Node): boolean {
  return literalsOf(formulaOf(node)).every(({ atom }) => !atom.clause)
}

/** The neighbour that already decides, if it is one. */
function impliedBy({ node: part, joined, around: [group] }: Own, { bare }: Unit): string {
  const widens = joined === 'and'
  const other = group?.children.find(
    child =>
      child !== part &&
      bare.isImpossible(
        widens ? and([formulaOf(child), formulaOf(part, false)]) : and([formulaOf(part), formulaOf(child, false)]),
      ),
  )
  if (!other) return ': the rest of the condition already decides'
  return widens ? `: ${textOf(other)} implies it` : `: it implies ${textOf(other)}`
}
