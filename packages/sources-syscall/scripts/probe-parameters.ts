/**
 * Reads from the probe's C which parameters each of its programs writes, so that a test can compare them with the event table on
 * any machine: no compiler and no kernel is asked.
 *
 * It knows as much C as the probe uses. A program is a function that begins an event of the table (`begin`, EXIT_EVENT); a parameter
 * ends with `end_param`; functions and macros that lead there are followed. Each `if` has two ways, so one program may write
 * several sequences. `PARAM(names, put)` names the parameters that `put` writes.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cases, matching, split, statementEnd, type Token, tokens } from './c-syntax.ts'

/** One parameter as a program writes it. */
export interface Put {
  /** Bytes; 0 = only known when it runs; undefined = the parameter is left empty. */
  readonly width: number | undefined
  /** As PARAM says; undefined = it does not. */
  readonly name: string | undefined
  /** file:line */
  readonly place: string
}

/** One way through a program. */
export interface Sequence {
  /** Falco's code of the event, without PPME_. */
  readonly code: string
  readonly program: string
  readonly puts: readonly Put[]
  /** As many are put before each loop that leaves others empty: up to the next that has a name, or all that follow. */
  readonly empties: readonly number[]
}

interface Code {
  readonly name: string
  readonly parameters: readonly string[]
  readonly body: readonly Token[]
}

/** @param folder of the probe's sources */
export function probeSequences(folder: string): Sequence[] {
  const files = readdirSync(folder).filter(name => /\.bpf\.[ch]$/.test(name))
  return new Probe(files.flatMap(name => tokens(name, readFileSync(join(folder, name), 'utf8')))).sequences()
}

/** The same of one text. */
export function textSequences(text: string): Sequence[] {
  return new Probe(tokens('text', text)).sequences()
}

/** A path through code: what it has put so far. */
interface Way {
  readonly code: string | undefined
  readonly puts: readonly Put[]
  readonly empties: readonly number[]
  /** `on`: continues; `done`: the event is committed; `gone`: returned without one. */
  readonly state: 'on' | 'returned' | 'done' | 'gone'
}

const START: Way = { code: undefined, puts: [], empties: [], state: 'on' }

class Probe {
  readonly #functions = new Map<string, Code>()
  readonly #macros = new Map<string, Code>()
  readonly #programs: Code[] = []
  readonly #puts = new Map<string, boolean>()

  constructor(all: readonly Token[]) {
    this.#collect(this.#withoutMacros(all))
  }

  sequences(): Sequence[] {
    const found = new Map<string, Sequence>()
    for (const program of [...this.#programs, ...this.#functions.values()]) {
      if (!program.body.some(token => token.text.startsWith('PPME_'))) continue
      for (const way of this.#follow(program.body, START)) {
        if (way.state !== 'done' || way.code === undefined) continue
        const sequence = { code: way.code, program: program.name, puts: way.puts, empties: way.empties }
        found.set(JSON.stringify(sequence), sequence)
      }
    }
    return [...found.values()]
  }

  #withoutMacros(all: readonly Token[]): Token[] {
    const rest: Token[] = []
    for (let i = 0; i < all.length; i++) {
      if (all[i]!.text !== '#define') {
        rest.push(all[i]!)
        continue
      }
      const end = all.findIndex((token, at) => at > i && token.text === '#}')
      const name = all[i + 1]!.text
      if (all[i + 2]!.text === '(') {
        const close = matching(all, i + 2)
        const parameters = split(all.slice(i + 3, close)).map(one => one.map(token => token.text).join(''))
        this.#macros.set(name, { name, parameters, body: all.slice(close + 1, end) })
      }
      i = end
    }
    return rest
  }

  /** Functions and programs of the outermost level; macros that make such are put in place. */
  #collect(all: readonly Token[]): void {
    for (let i = 0; i < all.length; i++) {
      const { text } = all[i]!
      if (all[i + 1]?.text !== '(' || !/^\w+$/.test(text)) {
        if (text === '{') i = matching(all, i)
        continue
      }
      const close = matching(all, i + 1)
      const args = split(all.slice(i + 2, close))
      const open = all[close + 1]?.text === '{' ? close + 1 : -1
      const end = open < 0 ? close : matching(all, open)
      if (text.startsWith('EXIT_EVENT') && open >= 0) this.#addExitEvent(args, all.slice(open + 1, end))
      else if (text === 'BPF_PROG' && open >= 0)
        this.#programs.push({
          name: args[0]![0]!.text.replace(/^x_/, ''),
          parameters: [],
          body: all.slice(open + 1, end),
        })
      else if (open >= 0) this.#functions.set(text, { name: text, parameters: [], body: all.slice(open + 1, end) })
      else if (/_EVENT$/.test(text) && this.#macros.has(text)) this.#collect(this.#expand(text, args))
      i = end
    }
  }

  #addExitEvent(args: readonly Token[][], body: readonly Token[]): void {
    const place = args[0]![0]!.place
    const code = `PPME_${args[1]!.map(token => token.text).join('')}`
    const token = (text: string) => ({ text, place })
    // as EXIT_EVENT has it: begin, the body as a function, commit
    const begin = ['begin', '(', code, ')', ';'].map(token)
    const commit = ['commit', '(', ')', ';'].map(token)
    const name = `body of ${args[0]![0]!.text}`
    this.#functions.set(name, { name, parameters: [], body })
    this.#programs.push({
      name: args[0]![0]!.text,
      parameters: [],
      body: [...begin, ...[name, '(', ')', ';'].map(token), ...commit],
    })
  }

  #expand(name: string, args: readonly (readonly Token[])[]): Token[] {
    const { parameters, body } = this.#macros.get(name)!
    const values = new Map(parameters.map((parameter, i) => [parameter, args[i] ?? []]))
    const expanded: Token[] = []
    for (let i = 0; i < body.length; i++) {
      const token = body[i]!
      const value = values.get(token.text) ?? [token]
      const glued = body[i - 1]?.text === '##'
      if (token.text === '##') continue
      if (!glued) expanded.push(...value)
      else expanded.push({ text: expanded.pop()!.text + value.map(one => one.text).join(''), place: token.place })
    }
    return expanded
  }

  /** Whether a function puts parameters into its caller's event, itself or through others. */
  #putting(name: string): boolean {
    if (name === 'end_param') return true
    const known = this.#puts.get(name)
    if (known !== undefined) return known
    this.#puts.set(name, false)
    const body = this.#functions.get(name)?.body ?? []
    const own = body.some(token => token.text.startsWith('PPME_'))
    const puts =
      !own && body.some((token, i) => body[i + 1]?.text === '(' && token.text !== name && this.#putting(token.text))
    this.#puts.set(name, puts)
    return puts
  }

  /** The ways through a list of statements. */
  #follow(body: readonly Token[], start: Way): Way[] {
    let ways: Way[] = [start]
    for (let i = 0; i < body.length; ) {
      const end = statementEnd(body, i)
      const statement = body.slice(i, end)
      ways = distinct(ways.flatMap(way => (way.state === 'on' ? this.#step(statement, way) : [way])))
      i = end
    }
    return ways
  }

  #step(statement: readonly Token[], way: Way): Way[] {
    const first = statement[0]!.text
    if (first === '{') return this.#follow(statement.slice(1, -1), way)
    if (first === 'if') {
      const close = matching(statement, 1)
      const end = statementEnd(statement, close + 1)
      const before = this.#calls(statement.slice(2, close), way)
      const otherwise = statement[end]?.text === 'else' ? statement.slice(end + 1) : []
      return before.flatMap(one => [
        ...this.#follow(statement.slice(close + 1, end), one),
        ...(otherwise.length > 0 ? this.#follow(otherwise, one) : [one]),
      ])
    }
    if (first === 'for' || first === 'while') {
      const names = statement.filter((token, i) => statement[i + 1]?.text === '(' && this.#putting(token.text))
      if (names.length === 0) return [way]
      if (names.every(token => token.text === 'put_empty'))
        return [{ ...way, empties: [...way.empties, way.puts.length] }]
      throw new Error(`${statement[0]!.place}: parameters are put in a loop`)
    }
    if (first === 'switch') {
      if (!statement.some((token, i) => statement[i + 1]?.text === '(' && this.#putting(token.text))) return [way]
      const open = matching(statement, 1) + 1
      return cases(statement.slice(open + 1, -1)).flatMap(one => this.#follow(one, way))
    }
    const after = this.#calls(statement, way)
    if (first !== 'return') return after
    if (statement[1]?.text === 'false') return after.map(one => ({ ...one, state: 'gone' }))
    return after.map(one => ({ ...one, state: one.state === 'done' ? 'done' : 'returned' }))
  }

  /** The calls in an expression, in the order in which they stand. */
  #calls(tokens: readonly Token[], start: Way): Way[] {
    let ways = [start]
    for (let i = 0; i < tokens.length; i++) {
      const { text, place } = tokens[i]!
      if (tokens[i + 1]?.text !== '(') continue
      const close = matching(tokens, i + 1)
      const inside = tokens.slice(i + 2, close)
      const code = inside.find(token => token.text.startsWith('PPME_'))?.text.slice('PPME_'.length)
      if (text === 'PARAM') {
        const [names, put] = split(inside) as [Token[], ...Token[][]]
        const from = i + 2 + names.length + 1
        ways = ways.flatMap(way => this.#named(names, tokens.slice(from, close), way))
        if (put === undefined) throw new Error(`${place}: PARAM names nothing`)
        i = close
      } else if (text === 'leave_out') ways = ways.map(way => ({ ...way, state: 'gone' }))
      else if (text === 'commit') ways = ways.map(way => (way.state === 'on' ? { ...way, state: 'done' } : way))
      else if (text === 'begin') ways = ways.map(way => (code === undefined ? way : { ...way, code }))
      else if (text === 'end_param') {
        const length = inside
          .slice(2)
          .map(token => token.text)
          .join('')
        const put = {
          width: length === '0' ? undefined : /^\d+$/.test(length) ? Number(length) : 0,
          name: undefined,
          place,
        }
        ways = ways.map(way => ({ ...way, puts: [...way.puts, put] }))
      } else if (this.#functions.has(text) && (this.#putting(text) || code !== undefined)) {
        const { body } = this.#functions.get(text)!
        ways = ways.flatMap(way =>
          this.#follow(body, code === undefined ? way : { ...way, code }).map(one => ({
            ...one,
            state: one.state === 'returned' ? 'on' : one.state,
          })),
        )
        i = close
      }
    }
    return distinct(ways)
  }

  #named(names: readonly Token[], put: readonly Token[], way: Way): Way[] {
    return this.#calls(put, { ...way, puts: [] }).map(one => {
      if (one.state === 'gone') return one
      if (one.puts.length !== names.length)
        throw new Error(`${names[0]!.place}: PARAM has ${names.length} names for ${one.puts.length} parameters`)
      return {
        ...one,
        puts: [...way.puts, ...one.puts.map((each, i) => ({ ...each, name: names[i]!.text, place: names[i]!.place }))],
      }
    })
  }
}

function distinct(ways: readonly Way[]): Way[] {
  return [...new Map(ways.map(way => [JSON.stringify(way), way])).values()]
}
