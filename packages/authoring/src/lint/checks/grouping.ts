import { type Check, isList, type Node, printCondition } from '@falc/engine/analysis'
import { defineCheck, type Found } from '../check.ts'
import { literalsOf } from '../literals.ts'
import { nodesOf, ownNodes, placeOf, type Unit } from '../project.ts'

const meta = (condition: string, rest = '') => `- rule: Passwords Read
  desc: A program read the file of passwords
  condition: ${condition}
  output: Passwords read (user=%user.name command=%proc.cmdline file=%fd.name)
  priority: WARNING
${rest}`

/** System calls, and those that do the same today: C libraries and tools call the later ones, and arm64 has no others. */
const SUCCESSORS: Readonly<Record<string, readonly string[]>> = {
  open: ['openat', 'openat2'],
  unlink: ['unlinkat'],
  rename: ['renameat', 'renameat2'],
  link: ['linkat'],
  symlink: ['symlinkat'],
  mkdir: ['mkdirat'],
  chmod: ['fchmodat'],
  chown: ['fchownat'],
  accept: ['accept4'],
  umount: ['umount2'],
}

export const olderCall = defineCheck({
  code: 'older-call',
  severity: 'warning',
  summary: 'A rule names a system call without the later ones that do the same.',
  doc: `\`open\` is hardly called any more: C libraries open files with \`openat\`, and \`rm\`, \`mv\`, \`chmod\` and \`ln\` call \`unlinkat\`, \`renameat2\`,
\`fchmodat\` and \`linkat\`. On arm64 the older calls do not exist. A rule about one of them misses most of what it is about, and an
attacker chooses the call.`,
  examples: {
    bad: meta('evt.type = open and fd.name = /etc/shadow'),
    good: meta('evt.type in (open, openat, openat2) and fd.name = /etc/shadow'),
  },
  *run(project) {
    for (const { unit, node, check, text, place, verbatim } of literalsOf(project)) {
      const { left, op } = node.clause
      const types = project.sources.find(({ name }) => name === unit.rule.rule.source)?.eventTypes
      if (left.key !== 'evt.type' || (op !== '=' && op !== 'in') || !types) continue
      const named = namedTypes(unit)
      const lacking = (SUCCESSORS[text] ?? []).filter(name => !named.has(name) && types.typesOf('evt.type', name))
      if (lacking.length === 0 || isNegated(unit, node)) continue
      const whole = isList(check.right ?? []) ? undefined : placeOf(node)
      const list = [text, ...lacking].join(', ')
      yield {
        place,
        message: `${text} without ${lacking.join(' and ')}, which ${lacking.length === 1 ? 'does' : 'do'} the same`,
        advice: whole ? `Write evt.type in (${list}).` : `Add ${lacking.join(', ')}.`,
        ...(verbatim && {
          fix: {
            grade: 'unsafe',
            edits: [whole ? { place: whole, text: `evt.type in (${list})` } : { place, text: list }],
          },
        }),
      }
    }
  },
})

/** All event types that a condition names, also in its macros. */
function namedTypes({ node }: Unit): ReadonlySet<unknown> {
  const named = [...nodesOf(node)].flatMap(part =>
    part.kind === 'clause' && part.clause.left.key === 'evt.type' ? part.clause.values : [],
  )
  return new Set(named)
}

function isNegated(unit: Unit, node: Node): boolean {
  return ownNodes(unit).some(own => own.node === node && own.negated)
}

export const looseAlternative = defineCheck({
  code: 'loose-alternative',
  severity: 'warning',
  summary: 'An alternative is not bound to the event types that the others name.',
  doc: `\`and\` binds closer than \`or\`: \`evt.type = openat and proc.name = cat or proc.name = less\` holds for every event of less, of any type. Put
the alternatives in parentheses. If any event is meant, say so with parentheses around the first alternative.`,
  examples: {
    bad: meta('evt.type = openat and fd.name = /etc/shadow or fd.name = /etc/gshadow', '  warn_evttypes: false\n'),
    good: meta('evt.type = openat and (fd.name = /etc/shadow or fd.name = /etc/gshadow)'),
  },
  *run({ rules, macros }) {
    for (const unit of [...rules, ...macros]) yield* looseIn(unit)
  },
})

function* looseIn(unit: Unit): Generator<Found> {
  const { node, text } = unit
  if (node.kind !== 'or') return
  const bound = node.children.find(child => child.kind === 'and' && namesType(child))
  const written = bound?.written
  if (bound?.kind !== 'and' || !written?.span || written.macro !== undefined) return
  // In parentheses it is meant.
  if (isParenthesised(text.text, written.span)) return
  for (const child of node.children) {
    const place = placeOf(child)
    if (child === bound || !place || [...nodesOf(child)].some(part => namesType(part))) continue
    const inner = bound.children.at(-1)!.written
    yield {
      place,
      message: `this alternative is not bound to ${bound.children.filter(namesType).map(print).join(' and ')}: "and" binds closer than "or"`,
      advice: `Write parentheses around the alternatives: … and (${inner ? printCondition(inner) : '…'} or …).`,
    }
    return
  }
}

function isParenthesised(text: string, { offset, length }: { offset: number; length: number }): boolean {
  return /\(\s*$/.test(text.slice(0, offset)) && /^\s*\)/.test(text.slice(offset + length))
}

function namesType(node: Node): boolean {
  if (node.kind === 'clause') return node.clause.left.key === 'evt.type'
  return node.kind === 'and' && node.children.some(namesType)
}

function print({ written }: Node): string {
  return written?.macro ?? (written ? printCondition(written) : '')
}

export const coveringAlternatives = defineCheck({
  code: 'covering-alternatives',
  severity: 'warning',
  summary: 'Whatever value a field has, one of the alternatives holds.',
  doc: `\`proc.name != sh or proc.name != bash\` only asks whether there is a name: whatever it is, it differs from one of the two. Join them with
\`and\`, or write \`not proc.name in (sh, bash)\`.`,
  examples: {
    bad: meta('evt.type = openat and (fd.name != /etc/shadow or fd.name != /etc/passwd)'),
    good: meta('evt.type = openat and not fd.name in (/etc/shadow, /etc/passwd)'),
  },
  *run({ rules, macros }) {
    for (const unit of [...rules, ...macros])
      for (const { node, negated } of ownNodes(unit)) {
        const place = placeOf(node)
        if (node.kind !== 'or' || negated || !place) continue
        const [one, other] = differing(node.children)
        if (one && other)
          yield {
            place,
            message: `one of these always holds: ${printCondition(one)}, ${printCondition(other)}`,
            advice: 'Join negations with and.',
          }
      }
  },
})

/** Two checks that one field differs from two values. */
function differing(nodes: readonly Node[]): readonly Check[] {
  const checks = nodes.flatMap(node =>
    node.kind === 'clause' && node.clause.op === '!=' && !node.clause.left.anyOf && node.written?.kind === 'check'
      ? [{ clause: node.clause, written: node.written }]
      : [],
  )
  for (const one of checks)
    for (const other of checks)
      if (one.clause.left.key === other.clause.left.key && one.clause.values.length * other.clause.values.length === 1)
        if (one.clause.values[0] !== other.clause.values[0]) return [one.written, other.written]
  return []
}
