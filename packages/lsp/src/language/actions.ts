import type { Finding } from '@falc/authoring'
import { nearest } from '@falc/engine'
import { entryOf, type Item, type Range } from '../document/outline.ts'
import type { View } from '../workspace/view.ts'

export interface TextEdit extends Range {
  readonly text: string
}

export interface Action {
  readonly title: string
  readonly kind: 'quickfix' | 'refactor'
  readonly edits: readonly TextEdit[]
  /** The finding that it fixes. */
  readonly finding?: Finding
  readonly preferred?: true
}

/** What can be done about findings, and with the item at a range. */
export function actionsAt(view: View, range: Range, findings: readonly Finding[]): Action[] {
  const item = view.rules.itemAt(range.from)
  return [...findings.flatMap(finding => [...fixesOf(view, finding)]), ...(item ? addException(view, item) : [])]
}

function* fixesOf(view: View, finding: Finding): Generator<Action> {
  const { fix, code, place } = finding
  if (fix) {
    const edits = fix.edits.map(({ place: { offset, length }, text }) => ({ from: offset, to: offset + length, text }))
    const safe = fix.grade === 'safe'
    yield {
      title: `Fix: ${titleOf(edits)}`,
      kind: 'quickfix',
      edits,
      finding,
      ...(safe && { preferred: true as const }),
    }
  }
  const guess = suggestionOf(view, finding)
  if (guess) yield { title: `Change to ${guess.text}`, kind: 'quickfix', edits: [guess], finding, preferred: true }
  const item = view.rules.itemAt(place.offset)
  // Errors of loading cannot be allowed.
  if (item && !code.startsWith('LOAD_ERR')) yield allow(view, item, finding)
}

function titleOf(edits: readonly TextEdit[]): string {
  const [edit] = edits
  if (edits.length > 1 || !edit) return 'apply the change'
  return edit.text === '' ? 'remove it' : `write ${edit.text.trim().slice(0, 40)}`
}

/** Where a message says what was probably meant, the misspelt name is the last one before it that is spelled much the same. */
function suggestionOf(view: View, { message, place: { offset, length } }: Finding): TextEdit | undefined {
  const match = /[Dd]id you mean '?([\w.-]+)'?\?/.exec(message)
  if (!match) return undefined
  const before = message.slice(0, match.index)
  const guess = match[1]!
  const { text } = view.rules
  const item = view.rules.itemAt(offset)
  // Such a message does not have the name itself.
  if (item && before.includes('by that name')) return { from: item.name.from, to: item.name.to, text: guess }
  const all = [...before.matchAll(/[\w.-]+/g)].map(([word]) => word).reverse()
  const words = all.filter(word => word !== guess && nearest(word, [guess]) !== undefined)
  const end = Math.max(offset + Math.max(length, 1), item?.to ?? 0)
  for (const word of words) {
    const found = new RegExp(`(?<![\\w.-])${word.replace(/[.-]/g, '\\$&')}(?![\\w.-])`).exec(text.slice(offset, end))
    if (found) return { from: offset + found.index, to: offset + found.index + word.length, text: guess }
  }
  return undefined
}

function allow(view: View, item: Item, finding: Finding): Action {
  const start = view.rules.text.lastIndexOf('\n', item.from - 1) + 1
  const indent = ' '.repeat(item.indent)
  const edit = { from: start, to: start, text: `${indent}# falc-lint: allow ${finding.code}: REASON\n` }
  return { title: `Allow ${finding.code} here, with a reason`, kind: 'quickfix', edits: [edit], finding }
}

/** A new exception for the rule: a field of its condition, to be filled in. */
function addException(view: View, item: Item): Action[] {
  if (item.kind !== 'rule' || !entryOf(item, 'condition')) return []
  const { text } = view.rules
  // A rule in braces has no lines of its own.
  if (/^(?:-[ \t]+)?\{/.test(text.slice(item.from, item.to))) return []
  const indent = ' '.repeat(item.entries[0]?.indent ?? item.indent + 2)
  const field = view.sourceOf(item).name === 'k8s_audit' ? 'ka.user.name' : 'proc.name'
  const others = view.rules.exceptionsOf(item)
  const taken = others.map(({ name }) => name?.text)
  let name = 'known_cases'
  for (let n = 2; taken.includes(name); n++) name = `known_cases_${n}`
  const lines = [`- name: ${name}`, `  fields: [${field}]`, '  comps: [in]', '  values:', '    - [[]]']
  const existing = entryOf(item, 'exceptions')
  // The dashes of a list may be below the first letter of its key.
  const [other] = others
  const dash = other ? ' '.repeat(other.from - text.lastIndexOf('\n', other.from) - 1) : `${indent}  `
  const block = lines.map(line => `\n${dash}${line}`).join('')
  const at = existing ? existing.value.to : item.to
  if (existing && /^[[{]/.test(text.slice(existing.value.from))) return []
  return [
    {
      title: 'Add an exception',
      kind: 'refactor',
      edits: [{ from: at, to: at, text: existing ? block : `\n${indent}exceptions:${block}` }],
    },
  ]
}
