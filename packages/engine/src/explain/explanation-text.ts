import type { ExplainedNode, Explanation } from './explanation.ts'

/** The number of lines that a reader can take in at once. */
const BRIEF = 20
/** Characters of a check there. */
const WIDTH = 120

/**
 * An explanation as text: the verdict, then every check with its truth, its value and its place in the rules file.
 * @param brief of a long condition only what would have to be otherwise, and of long lists the beginning
 */
export function explanationText(explanation: Explanation, { brief = false } = {}): string {
  const width = brief ? WIDTH : Number.POSITIVE_INFINITY
  const nodes = tree(explanation.condition, 0, width)
  const lines = [verdict(explanation)]
  const changes = explanation.nearestMiss?.changes
  const isLong = brief && nodes.length > BRIEF && changes !== undefined && changes.length > 0
  if (!isLong) lines.push('', ...nodes)
  if (changes && changes.length > 0) {
    const count = changes.length === 1 ? 'one check' : `${changes.length} checks`
    lines.push('', `It would match if ${count} had the opposite result:`)
    for (const check of changes) lines.push(`  ${cut(check.text, width)}  ${found(check)}${at(check)}`)
  }
  return `${lines.join('\n')}\n`
}

/** A list of hundreds of names is a line of thousands of characters. */
function cut(text: string | undefined, width: number): string {
  if (text === undefined || text.length <= width) return String(text)
  return `${text.slice(0, width)}…${text.endsWith(')') ? ')' : ''}`
}

function verdict({ rule, alerts, matches, stoppedBy }: Explanation): string {
  if (alerts) return `${rule}: alert`
  const what = matches ? 'the condition holds, but' : 'no match:'
  switch (stoppedBy?.kind) {
    case 'disabled':
      return `${rule}: ${what} the rule is disabled`
    case 'priority':
      return `${rule}: ${what} its priority is below the threshold`
    case 'earlier rule':
      return `${rule}: ${what} the earlier rule "${stoppedBy.rule}" matches first (rule_matching: first)`
    case 'exception':
      return `${rule}: ${what} exception "${stoppedBy.exception}" applies (${stoppedBy.place.file}:${stoppedBy.place.line})`
    default:
      return `${rule}: ${what} the condition does not hold`
  }
}

function tree(node: ExplainedNode, depth: number, width: number): string[] {
  const head = `${node.truth ? '+' : '-'} ${'  '.repeat(depth)}`
  const macro = node.macro === undefined ? '' : `  [macro ${node.macro}]`
  if (node.kind === 'check') return [`${head}${cut(node.text, width)}  ${found(node)}${macro}${at(node)}`]
  return [`${head}${node.kind}${macro}`, ...(node.children ?? []).flatMap(child => tree(child, depth + 1, width))]
}

function found(check: ExplainedNode): string {
  if (check.constant) return `always ${check.truth}`
  const why = check.error ?? check.absence
  return `is ${check.valueText}${why === undefined ? '' : ` (${why})`}`
}

function at({ place }: ExplainedNode): string {
  return place === undefined ? '' : `  ${place.file}:${place.line}:${place.column}`
}
