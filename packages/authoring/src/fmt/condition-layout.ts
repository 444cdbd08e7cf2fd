import { ConditionError } from '@falc/engine'
import { type Condition, parseCondition, printCondition } from '@falc/engine/analysis'

/**
 * A condition in lines of at most `width` characters, if possible. Unless all of it fits on one line, each part of a conjunction or
 * disjunction has its own. undefined: it is not a complete condition, such as `and not x`, which is appended to another one, or a value
 * in it has several lines.
 */
export function layOut(text: string, width: number): readonly string[] | undefined {
  const condition = parsed(text)
  if (!condition) return undefined
  const outer = text.trim()
  const layout = new Layout(text, width)
  const lines = isInParentheses(outer) ? layout.group(condition, 0) : layout.lines(condition, 0)
  // YAML would fold a line break within a value.
  if (lines.some(line => /[\r\n]/.test(line))) return undefined
  const again = parsed(lines.join(' '))
  // What would mean something else stays as it is.
  return again && printCondition(again) === printCondition(condition) ? lines : undefined
}

function parsed(text: string): Condition | undefined {
  try {
    return parseCondition(text)
  } catch (error) {
    if (error instanceof ConditionError) return undefined
    throw error
  }
}

/** The first parenthesis is closed by the last character. Text that is appended later is joined with all of what is inside. */
function isInParentheses(text: string): boolean {
  if (!text.startsWith('(')) return false
  let depth = 0
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '(') depth++
    else if (token === ')' && --depth === 0) return index === text.length - 1
  }
  return false
}

/** A quoted text, a bracketed argument, a parenthesis, a comma, blanks, or the rest of a word. */
const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[[^\]]*\]|[(),]|\s+|[^\s"'[(),]+|./gs

class Layout {
  readonly #text: string
  readonly #width: number

  constructor(text: string, width: number) {
    this.#text = text
    this.#width = width
  }

  /** The lines of a condition; the first one begins at column `indent`, the others have their blanks. */
  lines(condition: Condition, indent: number): string[] {
    const flat = this.#flat(condition)
    if (indent + flat.length <= this.#width) return [flat]
    switch (condition.kind) {
      case 'and':
      case 'or': {
        const [first, ...rest] = condition.children
        const word = `${condition.kind} `
        return [
          ...this.#part(first!, indent),
          ...rest.flatMap(child => {
            const [head, ...tail] = this.#part(child, indent + word.length)
            return [' '.repeat(indent) + word + head, ...tail]
          }),
        ]
      }
      case 'not': {
        const [head, ...tail] = this.#part(condition.child, indent + 4)
        return [`not ${head}`, ...tail]
      }
      default:
        return this.#wrapped(flat, indent)
    }
  }

  /** A condition in parentheses. */
  group(condition: Condition, indent: number): string[] {
    const lines = this.lines(condition, indent + 1)
    return lines.map((line, i) => (i === 0 ? '(' : '') + line + (i === lines.length - 1 ? ')' : ''))
  }

  #part(condition: Condition, indent: number): string[] {
    return isGroup(condition) ? this.group(condition, indent) : this.lines(condition, indent)
  }

  #flat(condition: Condition): string {
    const part = (child: Condition) => (isGroup(child) ? `(${this.#flat(child)})` : this.#flat(child))
    switch (condition.kind) {
      case 'and':
      case 'or':
        return condition.children.map(part).join(` ${condition.kind} `)
      case 'not':
        return condition.child.kind === 'not' ? `not (${this.#flat(condition.child)})` : `not ${part(condition.child)}`
      default: {
        const { offset, length } = condition.span!
        return spaced(this.#text.slice(offset, offset + length))
      }
    }
  }

  /** A check with a long list, broken after commas. */
  #wrapped(flat: string, indent: number): string[] {
    const lines: string[] = []
    let line = ''
    for (const piece of flat.match(/(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"']|["'])+,?\s*/gs) ?? [flat]) {
      const start = lines.length === 0 ? indent : indent + 2
      if (line !== '' && start + line.length + piece.trimEnd().length > this.#width) {
        lines.push(line.trimEnd())
        line = ''
      }
      line += piece
    }
    lines.push(line.trimEnd())
    return lines.map((text, i) => (i === 0 ? text : ' '.repeat(indent + 2) + text))
  }
}

function isGroup({ kind }: Condition): boolean {
  return kind === 'and' || kind === 'or'
}

/** A check with one blank between words, none inside parentheses, and one after commas. */
function spaced(text: string): string {
  let out = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^\s/.test(token)) out += /[(\s]$/.test(out) ? '' : ' '
    else if (token === ',') out = `${out.trimEnd()}, `
    else if (token === ')') out = `${out.trimEnd()})`
    else out += token
  }
  return out.trim()
}
