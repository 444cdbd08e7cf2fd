/**
 * The part of Go's text/template that falcosidekick's templates use: `{{ .Rule }}`, `{{ index .OutputFields "user.name" }}`, `or`,
 * `and`, `not`, `eq`, `ne`, `len`, `print`, `printf`, pipelines, `if`, `with`, `range`, and `{{-` and `-}}`. Anything else is an error.
 */

/** A template cannot be understood. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

type Data = unknown
type Node = (dot: Data, run: Run) => void
type Expression = (dot: Data, root: Data) => Data

/** Characters of a rendered text. */
const MAX_TEXT = 64 * 1024

/** Texts and actions that are rendered: lists may be long, and `range` may be nested. */
const MAX_STEPS = 100_000

/** One rendering. */
class Run {
  readonly root: Data
  text = ''
  #steps = 0

  constructor(root: Data) {
    this.root = root
  }

  write(more: string): void {
    this.text += more
  }

  /** The text is long enough. */
  get full(): boolean {
    return this.text.length >= MAX_TEXT || ++this.#steps > MAX_STEPS
  }
}

/** @throws {TemplateError} with what is wrong, and where */
export function goTemplate(text: string): (data: unknown) => string {
  const node = new Parser(text).template()
  return data => {
    const run = new Run(data)
    node(data, run)
    return run.text.slice(0, MAX_TEXT)
  }
}

interface Action {
  readonly text: string
  readonly words: readonly string[]
  readonly at: number
}

const WORD = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|\$?\.[\w.]*|\$|[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[()|]|\S/g

class Parser {
  /** Texts and actions, in turn. */
  readonly #parts: (string | Action)[] = []
  #next = 0

  constructor(text: string) {
    let last = 0
    let trim = false
    const push = (end: number, trimEnd: boolean) => {
      let part = text.slice(last, end)
      if (trim) part = part.trimStart()
      if (trimEnd) part = part.trimEnd()
      if (part !== '') this.#parts.push(part)
    }
    for (const match of text.matchAll(/\{\{(- )?((?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|[^"`])*?)( -)?\}\}/g)) {
      push(match.index, match[1] !== undefined)
      trim = match[3] !== undefined
      last = match.index + match[0].length
      const body = match[2]!.trim()
      if (!/^\/\*.*\*\/$/s.test(body))
        this.#parts.push({ text: match[0], words: body.match(WORD) ?? [], at: match.index })
    }
    if (text.indexOf('{{', last) >= 0)
      throw new TemplateError(`an action that begins at character ${text.indexOf('{{', last) + 1} has no end`)
    push(text.length, false)
  }

  template(): Node {
    const node = this.#nodes()
    const rest = this.#parts[this.#next]
    if (rest !== undefined) throw this.#wrong(rest as Action, `there is no 'if', 'with' or 'range' before it`)
    return node
  }

  /** Up to the end, or to an `else` or `end`. */
  #nodes(): Node {
    const nodes: Node[] = []
    for (;;) {
      const part = this.#parts[this.#next]
      if (part === undefined) break
      if (typeof part !== 'string' && /^(?:else|end)$/.test(part.words[0] ?? '')) break
      this.#next++
      nodes.push(typeof part === 'string' ? (_, run) => run.write(part) : this.#action(part))
    }
    return (dot, run) => {
      for (const node of nodes) if (!run.full) node(dot, run)
    }
  }

  #action(action: Action): Node {
    const [keyword] = action.words
    if (keyword === 'if' || keyword === 'with' || keyword === 'range') return this.#block(action, keyword, 1)
    const value = this.#expression(action, 0)
    return (dot, run) => run.write(shown(value(dot, run.root)))
  }

  #block(action: Action, keyword: 'if' | 'with' | 'range', from: number): Node {
    const value = this.#expression(action, from)
    const then = this.#nodes()
    const end = this.#parts[this.#next++] as Action | undefined
    if (end === undefined) throw this.#wrong(action, "it has no 'end'")
    let otherwise: Node = () => {}
    if (end.words[0] === 'else') {
      if (end.words[1] === 'if') otherwise = this.#block(end, 'if', 2)
      else if (end.words.length > 1) throw this.#wrong(end, `'${end.words[1]}' is not expected`)
      else {
        otherwise = this.#nodes()
        const last = this.#parts[this.#next++] as Action | undefined
        if (last?.words[0] !== 'end') throw this.#wrong(action, "it has no 'end'")
      }
    }
    if (keyword === 'if') return (dot, run) => (isTrue(value(dot, run.root)) ? then : otherwise)(dot, run)
    return (dot, run) => {
      const inner = value(dot, run.root)
      if (!isTrue(inner)) return otherwise(dot, run)
      if (keyword === 'with') return then(inner, run)
      for (const element of elementsOf(inner)) {
        if (run.full) return
        then(element, run)
      }
    }
  }

  #expression(action: Action, from: number): Expression {
    const words = action.words
    let at = from
    const wrong = (reason: string) => this.#wrong(action, reason)
    const pipeline = (): Expression => {
      let value = command()
      while (words[at] === '|') {
        at++
        value = command(value)
      }
      return value
    }
    const command = (piped?: Expression): Expression => {
      const word = words[at]
      if (word === undefined || word === '|' || word === ')') throw wrong('a value is missing')
      if (/^[A-Za-z_]/.test(word) && word !== 'true' && word !== 'false' && word !== 'nil') {
        at++
        const call = Object.hasOwn(FUNCTIONS, word) ? FUNCTIONS[word]! : undefined
        if (!call)
          throw wrong(`'${word}' is not among the functions that falc knows: ${Object.keys(FUNCTIONS).join(', ')}`)
        const args: Expression[] = []
        while (at < words.length && words[at] !== '|' && words[at] !== ')') args.push(operand())
        if (piped) args.push(piped)
        return (dot, root) => call(args.map(arg => arg(dot, root)))
      }
      if (piped) throw wrong(`'${word}' takes no argument`)
      return operand()
    }
    const operand = (): Expression => {
      const word = words[at++]!
      if (word === '(') {
        const inner = pipeline()
        if (words[at++] !== ')') throw wrong("a ')' is missing")
        return inner
      }
      const constant = constantOf(word)
      if (constant !== undefined) return () => constant.value
      if (/^(?:\$|\.\w*|\$\.\w+)(?:\.\w+)*$/.test(word)) return pathOf(word)
      throw wrong(`'${word}' is not supported`)
    }
    const value = pipeline()
    if (at < words.length) throw wrong(`'${words[at]}' is not expected`)
    return value
  }

  #wrong({ text, at }: Action, reason: string): TemplateError {
    return new TemplateError(`${text.slice(0, 80)} at character ${at + 1}: ${reason}`)
  }
}

function constantOf(word: string): { readonly value: Data } | undefined {
  if (word.startsWith('"')) {
    try {
      return { value: JSON.parse(word) }
    } catch {
      return undefined
    }
  }
  if (word.startsWith('`')) return { value: word.slice(1, -1) }
  if (/^-?\d/.test(word)) return { value: Number(word) }
  return word === 'true' || word === 'false'
    ? { value: word === 'true' }
    : word === 'nil'
      ? { value: undefined }
      : undefined
}

/** `.` is what is at hand, `$` the whole, `.A.B` a part. Only own properties: an alert's field may have any name. */
function pathOf(word: string): Expression {
  const names = word.split('.').filter(name => name !== '' && name !== '$')
  const whole = word.startsWith('$')
  return (dot, root) => names.reduce<Data>(part, whole ? root : dot)
}

function part(value: Data, key: Data): Data {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, String(key)) ? (value as Record<string, Data>)[String(key)] : undefined
}

const FUNCTIONS: Readonly<Record<string, (args: readonly Data[]) => Data>> = {
  index: ([value, ...keys]) => keys.reduce<Data>(part, value),
  or: args => args.find(isTrue) ?? args.at(-1),
  and: args => args.find(arg => !isTrue(arg)) ?? args.at(-1),
  not: ([value]) => !isTrue(value),
  eq: ([first, ...others]) => others.some(other => shown(other) === shown(first)),
  ne: ([first, second]) => shown(first) !== shown(second),
  len: ([value]) => (typeof value === 'string' ? Buffer.byteLength(value) : [...elementsOf(value)].length),
  print: args => args.map(shown).join(''),
  printf: ([format, ...args]) => {
    let at = 0
    return shown(format).replace(/%(?:%|[-+#0]*\d*(?:\.\d+)?([a-zA-Z]))/g, (verb, letter: string | undefined) => {
      if (letter === undefined) return '%'
      const value = args[at++]
      return letter === 'q'
        ? JSON.stringify(shown(value))
        : at > args.length
          ? `%!${verb.slice(1)}(MISSING)`
          : shown(value)
    })
  },
}

function elementsOf(value: Data): Iterable<Data> {
  return Array.isArray(value) ? value : typeof value === 'object' && value !== null ? Object.values(value) : []
}

/** Go's truth: not false, 0, empty or absent. */
function isTrue(value: Data): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

/** A value as Go prints it. */
function shown(value: Data): string {
  if (value === undefined || value === null) return '<no value>'
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  return `map[${Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, element]) => `${key}:${shown(element)}`)
    .join(' ')}]`
}
