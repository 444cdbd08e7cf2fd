import type { Clause, Expr, Node } from '../bytecode/tree.ts'
import type { TransformerName } from '../condition/transformers.ts'
import { printAddress } from '../fields/address.ts'
import type { Scalar } from '../fields/field.ts'
import { lowerAscii } from '../fields/glob.ts'
import type { ResolvedField } from '../fields/table.ts'
import { TYPES } from '../fields/types.ts'
import { clausesOf } from './fold.ts'

/**
 * What a field's value must be like for a condition to hold, so that many conditions can be looked up by the value. It is necessary,
 * not sufficient: the conditions found are tested. Plain data, which can be saved.
 */
export type Need = {
  readonly field: readonly [name: string, arg: string | null]
} & (
  | { readonly kind: 'text'; readonly values: readonly string[] } // one occurs in it, whatever the case; bytes are units
  | { readonly kind: 'number'; readonly values: readonly Range[] } // it lies in one of them
  | { readonly kind: 'network'; readonly values: readonly string[] } // one contains it: CIDR or a single address
)

/** First and last number; null = no bound. */
export type Range = readonly [number | null, number | null]

/** What a look-up costs, in tests of one text. With fewer conditions, testing each costs less. */
const LOOK_UP = 16
/** Operators whose test costs more, and how much. */
const COSTS: Readonly<Record<string, number>> = { regex: 16, pmatch: 12, icontains: 4, iglob: 4, glob: 3 }

/** For each condition the need by which it is looked up; null: it is tested in any case. */
export function planNeeds(conditions: readonly Node[]): (Need | null)[] {
  const all = conditions.map(needsOf)
  const costs = new Map<string, number>()
  // Equal checks of several conditions are made once.
  const seen = new Set<string>()
  for (const [i, needs] of all.entries()) {
    const cost = costOf(conditions[i]!)
    for (const need of needs) {
      const key = keyOf(need)
      const values = `${key} ${need.values}`
      if (!seen.has(values)) costs.set(key, (costs.get(key) ?? 0) + cost)
      seen.add(values)
    }
  }
  return all.map(needs => {
    const usable = needs.filter(need => costs.get(keyOf(need))! >= LOOK_UP)
    return usable.reduce<Need | null>(
      (best, need) => (best === null || rarity(need) > rarity(best) ? need : best),
      null,
    )
  })
}

/** What testing a condition costs, at most. */
function costOf(node: Node): number {
  let cost = 0
  for (const { clause } of clausesOf(node).values()) cost = Math.max(cost, COSTS[clause.op] ?? 1)
  return cost
}

/** A rough estimate of how selective a need is: the longer a text, the rarer it is. */
function rarity({ kind, values }: Need): number {
  if (kind === 'text') return shortest(values as readonly string[])
  return kind === 'network' || values.every(([low, high]) => low === high) ? 8 : 1
}

/** Needs with the same key share an index. */
export function keyOf({ field: [name, arg], kind }: Need): string {
  return `${kind} ${name} ${arg ?? ''}`
}

/** Each of them must hold. */
function needsOf(node: Node): Need[] {
  switch (node.kind) {
    case 'const':
    case 'not':
      return []
    case 'and':
      return node.children.flatMap(needsOf)
    case 'or':
      return eitherOf(node.children)
    case 'clause':
      return needOfClause(node.clause)
  }
}

/** A need that all alternatives have. */
function eitherOf(children: readonly Node[]): Need[] {
  const [first, ...others] = children.map(needsOf)
  return first!.flatMap(need => {
    const same = others.map(needs => needs.find(other => keyOf(other) === keyOf(need)))
    if (same.some(other => other === undefined)) return []
    return { ...need, values: [need, ...same].flatMap(other => other!.values as readonly never[]) } as Need
  })
}

/** Of a list, and whatever the modifier, some element must be as one of the values says. */
function needOfClause({ left, op, values }: Clause): Need[] {
  const of = values.length === 0 ? undefined : fieldOf(left)
  if (of === undefined) return []
  const field = [of.name, of.argText ?? null] as const
  const { kind } = TYPES[left.type]
  switch (kind) {
    case 'text':
    case 'bytes': {
      const texts = literalsOf(op, kind === 'text' ? (values as string[]) : (values as Uint8Array[]).map(unitsOf))
      return texts === undefined ? [] : [{ field, kind: 'text', values: texts }]
    }
    case 'number': {
      const ranges = values.map(value => rangeOf(op, value))
      return ranges.every(range => range !== undefined) ? [{ field, kind: 'number', values: ranges }] : []
    }
    case 'ip':
    case 'net':
      if (op !== '=' && op !== 'in' && op !== 'intersects') return []
      return [
        {
          field,
          kind: 'network',
          values: values.map(v => (typeof v === 'string' ? v : printAddress(v as Uint8Array))),
        },
      ]
    default:
      return []
  }
}

/** One of these occurs in each value for which a check holds, in lower case; undefined = none are known. */
function literalsOf(op: Clause['op'], values: readonly string[]): string[] | undefined {
  const texts = values.map(value => literalOf(op, value))
  return texts.every(text => text !== undefined && text !== '') ? texts.map(text => lowerAscii(text!)) : undefined
}

/**
 * Texts of which one occurs in the text that some fields are parts of, where a condition holds; undefined = none are known.
 * @param parts names of the fields, whose values are texts
 */
export function textsOf(node: Node, parts: ReadonlySet<string>): readonly string[] | undefined {
  switch (node.kind) {
    case 'const':
      return node.value ? undefined : []
    case 'not':
      return undefined
    case 'clause': {
      const { left, op, values } = node.clause
      const field = values.length === 0 ? undefined : fieldOf(left)
      return field !== undefined && parts.has(nameOf(field)) ? literalsOf(op, values as string[]) : undefined
    }
    case 'and':
      return node.children
        .map(child => textsOf(child, parts))
        .reduce<readonly string[] | undefined>(
          (best, texts) => (best && (!texts || shortest(best) >= shortest(texts)) ? best : texts),
          undefined,
        )
    case 'or': {
      const all = node.children.map(child => textsOf(child, parts))
      return all.includes(undefined) ? undefined : all.flatMap(texts => texts!)
    }
  }
}

/** As `EventClass.searched` has it. */
const nameOf = ({ name, argText }: ResolvedField): string => (argText === undefined ? name : `${name}.${argText}`)

/** Not by a call with an argument for each: a list may have more items than that. */
const shortest = (texts: readonly string[]): number =>
  texts.reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY)

/** The field whose value has every text, up to its case, that the operand's has. */
function fieldOf(operand: Expr): ResolvedField | undefined {
  if (operand.kind === 'field') return operand.field
  return operand.kind === 'transform' && SHORTENING.has(operand.name) ? fieldOf(operand.args[0]!) : undefined
}

const SHORTENING: ReadonlySet<TransformerName> = new Set(['tolower', 'toupper', 'basename'])

/** Bytes as a text of one unit each. */
const unitsOf = (bytes: Uint8Array): string => Array.from(bytes, byte => String.fromCharCode(byte)).join('')

/** A text that occurs in every value for which `value op text` holds; undefined = none is known. */
function literalOf(op: Clause['op'], text: string): string | undefined {
  switch (op) {
    case '=':
    case 'in':
    case 'intersects':
    case 'contains':
    case 'bcontains':
    case 'icontains':
    case 'startswith':
    case 'bstartswith':
    case 'endswith':
      return text
    case 'glob':
    case 'iglob':
      return text.includes('\\') || text.includes('[') ? undefined : longest(text.split(/[*?]/))
    case 'pmatch':
      return longest(text.split('/').filter(part => !/[*?[\\]/.test(part)))
    case 'regex':
      return literalOfRegex(text)
    default:
      return undefined
  }
}

function rangeOf(op: Clause['op'], value: Scalar): Range | undefined {
  if (typeof value !== 'number') return undefined
  switch (op) {
    case '=':
    case 'in':
    case 'intersects':
      return [value, value]
    case '<':
    case '<=':
      return [null, value]
    case '>':
    case '>=':
      return [value, null]
    default:
      return undefined
  }
}

/** The longest run of plain characters that each must match once. Whatever is more than plain text is passed over. */
function literalOfRegex(pattern: string): string | undefined {
  const runs: string[] = []
  let run = ''
  const end = () => {
    runs.push(run)
    run = ''
  }
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!
    if (char === '|') return undefined
    if (char === '(' || char === '[') {
      const close = closing(pattern, i)
      if (close < 0) return undefined
      i = close
      end()
    } else if (char === '*' || char === '?' || char === '{') {
      // The last character may be missing: both units of one beyond U+FFFF.
      run = run.replace(/.$/su, '')
      end()
      if (char === '{') i = pattern.indexOf('}', i)
      if (i < 0) return undefined
    } else if (char === '+') end()
    else if (char === '.' || char === '^' || char === '$') end()
    else if (char === '\\') {
      const next = pattern[++i]
      if (next === undefined || /[A-Za-z0-9]/.test(next)) return undefined
      run += next
    } else run += char
  }
  end()
  return longest(runs)
}

/** Where a group or a class ends; -1 = it is not simple. */
function closing(pattern: string, from: number): number {
  if (pattern[from] === '[') {
    // Classes within are left alone.
    const first = from + (pattern[from + 1] === '^' ? 2 : 1)
    if (pattern.slice(first).includes('[')) return -1
    // A bracket that comes first, or behind a backslash, is a member.
    let at = pattern[first] === ']' ? first + 1 : first
    for (; at < pattern.length && pattern[at] !== ']'; at++) if (pattern[at] === '\\') at++
    return at < pattern.length ? at : -1
  }
  let depth = 0
  for (let i = from; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++
    else if (pattern[i] === '[') {
      i = closing(pattern, i)
      if (i < 0) return -1
    } else if (pattern[i] === '(') depth++
    else if (pattern[i] === ')' && --depth === 0) return i
  }
  return -1
}

function longest(texts: readonly string[]): string {
  return texts.reduce((best, text) => (text.length > best.length ? text : best), '')
}
