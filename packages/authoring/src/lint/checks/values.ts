import { isList, TYPES } from '@falc/engine/analysis'
import { defineCheck, type Fix } from '../check.ts'
import { checksOf, literalsOf } from '../literals.ts'
import { placeOf } from '../project.ts'

const meta = (condition: string) => `- rule: Program Started
  desc: A program was started
  condition: evt.type = execve and ${condition}
  output: Program started (user=%user.name command=%proc.cmdline)
  priority: WARNING
`

/** The kernel keeps this much of a process's name. */
const COMM_LENGTH = 15
const COMM_FIELDS: ReadonlySet<string> = new Set(['proc.name', 'proc.pname', 'proc.aname'])
const WHOLE: ReadonlySet<string> = new Set(['=', '!=', 'in', 'startswith', 'endswith', 'contains'])

export const nameTooLong = defineCheck({
  code: 'process-name-too-long',
  severity: 'warning',
  summary: 'A process name has more than 15 characters.',
  doc: `The kernel keeps 15 bytes of a process's name, and \`proc.name\`, \`proc.pname\` and \`proc.aname\` are what it keeps: a longer text
equals none of them. Compare with the first 15 characters, or use \`proc.exepath\` or \`proc.exe\`, which an attacker cannot choose as
freely either.`,
  examples: {
    bad: meta('proc.name = systemd-networkd'),
    good: meta('proc.name = systemd-network'),
  },
  *run(project) {
    for (const { node, text, place } of literalsOf(project)) {
      const { left, op } = node.clause
      if (left.kind !== 'field' || !COMM_FIELDS.has(left.field.name) || !WHOLE.has(op)) continue
      if (new TextEncoder().encode(text).length <= COMM_LENGTH) continue
      const kept = text.slice(0, COMM_LENGTH)
      const fix: Fix = { grade: 'safe', edits: [{ place, text: kept }] }
      yield {
        place,
        message: `${left.key} has at most 15 characters, so "${text}" never equals it`,
        advice: `Write ${kept}, or compare proc.exepath.`,
        fix: /^[\w./-]+$/.test(text) && place.length === text.length && op !== 'endswith' ? fix : undefined,
      }
    }
  },
})

export const numberOutOfRange = defineCheck({
  code: 'number-out-of-range',
  severity: 'error',
  summary: 'A number is larger or smaller than the field can hold.',
  doc: `Falco and falc take the low bits of such a number: \`fd.sport = 65616\` asks for port 80. Negative numbers wrap, too; \`-1\` is
accepted, since it is the usual way to write "all bits set".`,
  examples: {
    bad: meta('proc.pid > 0 and user.uid = 4294967296'),
    good: meta('proc.pid > 0 and user.uid = 4294967295'),
  },
  *run(project) {
    for (const { node, text, place } of literalsOf(project)) {
      const { left } = node.clause
      const { kind, bits, signed } = TYPES[left.type]
      if (kind !== 'number' || bits === undefined || left.type === 'double' || !/^[+-]?\d+$/.test(text)) continue
      const value = BigInt(text)
      const lowest = signed ? -(2n ** BigInt(bits - 1)) : 0n
      const highest = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n
      if (value === -1n || (value >= lowest && value <= highest)) continue
      yield { place, message: `${left.key} holds numbers from ${lowest} to ${highest}, so ${text} wraps` }
    }
  },
})

export const costlyPattern = defineCheck({
  code: 'costly-pattern',
  severity: 'warning',
  summary: 'A pattern can be written as a cheaper operator.',
  doc: `A \`glob\` with one \`*\` at its start or end is \`endswith\` or \`startswith\`, and one between two is \`contains\`: these cost a tenth, and
rules share their indexes. A \`regex\` of alternatives without any pattern is \`in\`.`,
  examples: {
    bad: meta('proc.exepath glob "/tmp/*"'),
    good: meta('proc.exepath startswith /tmp/'),
  },
  *run(project) {
    for (const { node, check } of checksOf(project)) {
      const place = placeOf(node)
      const right = check.right === undefined || isList(check.right) ? undefined : check.right
      if (!place || right?.kind !== 'literal') continue
      const simpler = simplerOperator(node.clause.op, right.text)
      if (simpler)
        yield {
          place,
          message: `${check.op} ${JSON.stringify(right.text)} means ${simpler}, which is cheaper`,
          advice: `Write ${simpler}.`,
        }
    }
  },
})

function simplerOperator(op: string, pattern: string): string | undefined {
  const [, before, core, after] = /^(\*?)([^*?[\]\\]+)(\*?)$/.exec(pattern) ?? []
  if (op === 'glob' && core !== undefined)
    return `${before && after ? 'contains' : before ? 'endswith' : after ? 'startswith' : '='} ${core}`
  const alternatives = /^\^?\(?(?:\?:)?([\w/-]+(?:\|[\w/-]+)+)\)?\$?$/.exec(pattern)?.[1]
  return op === 'regex' && alternatives ? `in (${alternatives.split('|').join(', ')})` : undefined
}

export const duplicateItem = defineCheck({
  code: 'duplicate-list-item',
  severity: 'warning',
  summary: 'A list has an item twice.',
  doc: 'The second one has no effect; perhaps another name was meant.',
  examples: {
    bad: `- list: shells\n  items: [bash, sh, bash]\n${meta('proc.name in (shells)')}`,
    good: `- list: shells\n  items: [bash, sh, zsh]\n${meta('proc.name in (shells)')}`,
  },
  *run({ analysis }) {
    for (const { items } of analysis.files)
      for (const item of items) {
        if (item.kind !== 'list') continue
        const seen = new Set<string>()
        for (const value of item.items) {
          if (seen.has(value.text))
            yield { place: value.place(0, value.text.length), message: `list "${item.name}" already has ${value.text}` }
          seen.add(value.text)
        }
      }
  },
})
