import { readFileSync } from 'node:fs'
import { OPS, type OpCode, type OperandKind, type OpInfo } from '../../packages/engine/src/bytecode/opcodes.ts'
import { table } from './markdown.ts'

const SOURCE = new URL('../../packages/engine/src/bytecode/opcodes.ts', import.meta.url)

const KINDS: Readonly<Record<Exclude<OperandKind, '-'>, string>> = {
  number: 'a number',
  jump: 'address in the same routine, in words',
  call: 'address of a routine, in words',
  node: 'slot of `node[]`',
  scope: 'number of a scope',
  slot: 'slot of that scope’s `memo[]`',
  register: 'value register',
  value: 'constant: a plain value',
  test: 'constant: a test of one element',
  count: 'constant: a test of all elements together',
  comparison: 'constant: how two values are compared',
  registers: 'constant: registers of a tuple',
  transform: 'constant: a transformer with its registers',
}

/** docs/opcodes.md: the page of bytecode/opcodes.ts, as it reads there. */
export function opcodesPage(): string {
  const text = readFileSync(SOURCE, 'utf8')
  const effects = effectsOf(text)
  const rows = Object.entries(OPS).map(([code, info]) => {
    const effect = effects.get(info.name)
    if (effect === undefined) throw new Error(`opcodes.ts: no line above ${info.name} says what it does`)
    return [code, `\`${info.name}\``, operandsText(info), effect]
  })
  const used = new Set(Object.values(OPS as Record<OpCode, OpInfo>).flatMap(info => info.operands))
  const kinds = Object.entries(KINDS).filter(([kind]) => used.has(kind as OperandKind))
  return [
    '# Opcodes',
    '_Generated from `packages/engine/src/bytecode/opcodes.ts` by `npm run generate`: do not edit._',
    'The instructions that the virtual machine runs. `falc disasm` lists those of a rule; with `--js` it shows the JavaScript that the JIT makes of them.',
    '## The machine',
    `\`\`\`text\n${machineOf(text)}\n\`\`\``,
    '## The instructions',
    table(['op', 'name', 'operands a, b, c', 'effect'], rows),
    '## The operands',
    table(
      ['kind', 'is'],
      kinds.map(([kind, meaning]) => [`\`${kind}\``, meaning]),
    ),
    '',
  ].join('\n\n')
}

/** The comment at the head of the file: the picture of an instruction and of the machine. */
function machineOf(text: string): string {
  const comment = text.match(/^\/\*\*\n([\s\S]*?)\n \*\//)?.[1]
  if (comment === undefined) throw new Error('opcodes.ts: no comment at its head')
  const lines = comment.split('\n').map(line => line.replace(/^ \* ?/, ''))
  return lines.slice(lines.findIndex((line, i) => i > 0 && line !== '')).join('\n')
}

/** The one line above each opcode. */
function effectsOf(text: string): Map<string, string> {
  return new Map(
    Array.from(text.matchAll(/\/\*\* (.*) \*\/\n {2}(\w+): \d+,/g), ([, effect, name]) => [name!, effect!]),
  )
}

function operandsText({ operands }: OpInfo): string {
  return operands
    .filter(kind => kind !== '-')
    .map(kind => `\`${kind}\``)
    .join(', ')
}
