import { Lexer } from 'yaml'
import type { SourceText } from '../text/source.ts'

/** An error in a YAML text, in terms that a rule author knows. */
export interface YamlFault {
  readonly message: string
  readonly offset: number
  readonly length: number
}

/** An error of the YAML library. */
interface Found {
  readonly source: SourceText
  readonly code: string
  readonly message: string
  readonly offset: number
  /** Number of the line, and the line. */
  readonly number: number
  readonly line: string
  /** Offset of the line's first character. */
  readonly start: number
}

const KEY = /^([ \t]*(?:- +)*)([\w-]+)[ \t]*:(?:\s|$)/
/** A line that starts with one of these keys does not continue the text of the line before. */
const KEYS =
  /^(?:list|items|macro|rule|condition|output|desc|priority|source|enabled|tags|exceptions|append|override|warn_evttypes|skip-if-unknown-filter|capture|capture_duration|name|fields|comps|values)$/
const QUOTED = 'quote the value, or write it as a block (>)'

/** Tried in order; the first one that recognizes the mistake explains it. */
const MISTAKES: readonly ((found: Found) => YamlFault | undefined)[] = [
  tab,
  blockText,
  missingColon,
  colonInText,
  keyIndentation,
  unclosedBracket,
  dashIndentation,
  unclosedQuote,
  textBehind,
  forbiddenStart,
  badEscape,
  missingComma,
]

/** Explains an error of the YAML library; if the mistake is not recognized, keeps the library's message. */
export function explainYamlError(source: SourceText, code: string, message: string, offset: number): YamlFault {
  const place = source.place(offset)
  const line = source.line(place.line)
  const found = { source, code, message, offset, number: place.line, line, start: offset - place.column + 1 }
  for (const mistake of MISTAKES) {
    const fault = mistake(found)
    if (fault) return fault
  }
  return { message, offset, length: 1 }
}

/** Spaces before a line's key, dashes included: the column that YAML compares. */
function indent(line: string): number {
  return (KEY.exec(line)?.[1] ?? /^[ \t]*/.exec(line)![0]).length
}

function tab({ source, number }: Found): YamlFault | undefined {
  for (const n of [number, number + 1]) {
    const before = /^ *\t/.exec(source.line(n))
    if (before)
      return {
        message: 'the line is indented with a tab: YAML allows only spaces',
        offset: source.lineStarts[n - 1]! + before[0].length - 1,
        length: 1,
      }
  }
  return undefined
}

/** `condition: >` with its text not indented. */
function blockText({ source, code, number, line, start }: Found): YamlFault | undefined {
  const above = source.line(number - 1)
  if (code !== 'MULTILINE_IMPLICIT_KEY' || !/:\s*[>|][-+0-9]*\s*$/.test(above) || indent(line) > indent(above))
    return undefined
  const { length } = /^ */.exec(line)![0]
  return {
    message: `the text of a block (> or |) must be indented more than its key '${KEY.exec(above)?.[2] ?? ''}'`,
    offset: start + length,
    length: line.trim().length,
  }
}

function missingColon({ code, line, start }: Found): YamlFault | undefined {
  if (code !== 'MULTILINE_IMPLICIT_KEY' && code !== 'MISSING_CHAR') return undefined
  const word = /^( *(?:- +)?)([\w-]+)(:\S|\s)/.exec(line)
  if (!word || !KEYS.test(word[2]!)) return undefined
  const [, before, key, after] = word
  const message = after!.startsWith(':') ? `a space is missing after '${key}:'` : `':' is missing after '${key}'`
  return { message, offset: start + before!.length, length: key!.length }
}

/** `desc: warning: this`: a second `: ` makes YAML see another mapping. */
function colonInText({ source, code, number, line, start, offset }: Found): YamlFault | undefined {
  if (code !== 'BLOCK_AS_IMPLICIT_KEY') return undefined
  for (let n = number; n < number + 200; n++) {
    const text = n === number ? line : source.line(n)
    if (n > number && (text.trim() === '' || KEYS.test(KEY.exec(text)?.[2] ?? ''))) return undefined
    const from = n === number ? offset - start : 0
    const colon = text.slice(from).search(/:(?:\s|$)/)
    if (colon < 0) continue
    return {
      message: `unquoted text cannot contain ': ': ${QUOTED}`,
      offset: source.lineStarts[n - 1]! + from + colon,
      length: 1,
    }
  }
  return undefined
}

/** A key that is indented more or less than its neighbours. */
function keyIndentation({ source, code, number }: Found): YamlFault | undefined {
  if (!/^(?:BLOCK_AS_IMPLICIT_KEY|BAD_INDENT|MISSING_CHAR|UNEXPECTED_TOKEN|MULTILINE_IMPLICIT_KEY)$/.test(code))
    return undefined
  for (let n = number; n < number + 200 && n <= source.lineStarts.length; n++) {
    const text = source.line(n)
    const key = KEY.exec(text)
    if (n === number && code === 'BLOCK_AS_IMPLICIT_KEY') continue
    if (!key) {
      if (n === number || text.trim() !== '') {
        if (code !== 'BLOCK_AS_IMPLICIT_KEY') return undefined
      }
      continue
    }
    if (key[1]!.includes('-')) return undefined
    const sibling = siblingOf(source, n)
    if (sibling === undefined || sibling === key[1]!.length) return undefined
    const wrong = `'${key[2]}' is indented by ${spaces(key[1]!.length)}, the other keys of its item by ${sibling}`
    return {
      message: key[1] === '' ? `${wrong}; a new item starts with '- '` : wrong,
      offset: source.lineStarts[n - 1]! + key[1]!.length,
      length: key[2]!.length,
    }
  }
  return undefined
}

/** The indentation of the keys of the item that line `number` lies in: that of the key behind its dash. */
function siblingOf(source: SourceText, number: number): number | undefined {
  for (let n = number - 1; n > 0; n--) {
    const dash = /^(-[ ]+)[\w-]+:/.exec(source.line(n))
    if (dash) return dash[1]!.length
  }
  return undefined
}

function dashIndentation({ code, line, start }: Found): YamlFault | undefined {
  if (!/^ *-(?: |$)/.test(line) || !/^(?:BAD_INDENT|BLOCK_AS_IMPLICIT_KEY)$/.test(code)) return undefined
  return {
    message: `this '-' is indented by ${spaces(line.indexOf('-'))}, unlike the items before it`,
    offset: start + line.indexOf('-'),
    length: 1,
  }
}

const CLOSED = /^(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")$/s

function unclosedQuote({ source, code, offset }: Found): YamlFault | undefined {
  if (code !== 'MISSING_CHAR') return undefined
  const { token, at } = tokenBefore(source, offset)
  if (!/^["']/.test(token) || CLOSED.test(token)) return undefined
  return { message: `the string that starts with ${token[0]} is not closed`, offset: at, length: 1 }
}

function unclosedBracket({ source, code, offset }: Found): YamlFault | undefined {
  if (code !== 'BAD_INDENT' && code !== 'MISSING_CHAR') return undefined
  const { cut, brackets } = tokenBefore(source, offset)
  const at = brackets.at(-1)
  if (!cut || at === undefined) return undefined
  const [close, what] = source.content[at] === '{' ? ['}', 'mapping'] : [']', 'list']
  return {
    message: `the ${what} that starts with '${source.content[at]}' is not closed with '${close}'`,
    offset: at,
    length: 1,
  }
}

/** Text after a quoted or bracketed value. */
function textBehind({ code, line, start, offset }: Found): YamlFault | undefined {
  if (code !== 'UNEXPECTED_TOKEN') return undefined
  const before = line.slice(0, offset - start).trimEnd()
  const last = before.at(-1) ?? ''
  const length = Math.max(1, line.slice(offset - start).trimEnd().length)
  if (/["']/.test(last))
    return {
      message: `text after the closing ${last}: quote the whole value`,
      offset,
      length,
    }
  if (/[\]}]/.test(last)) {
    const what = last === ']' ? "'[', which starts a list" : "'{', which starts a mapping"
    return { message: `unquoted text cannot start with ${what}: ${QUOTED}`, offset, length }
  }
  return undefined
}

function forbiddenStart({ source, code, offset }: Found): YamlFault | undefined {
  if (code !== 'BAD_SCALAR_START') return undefined
  return { message: `unquoted text cannot start with '${source.content[offset]}': ${QUOTED}`, offset, length: 1 }
}

function badEscape({ code, source, offset }: Found): YamlFault | undefined {
  if (code !== 'BAD_DQ_ESCAPE') return undefined
  const text = source.content.slice(offset, offset + 2)
  return {
    message: `'${text}' is not an escape sequence: in "…" write a backslash as '\\\\', or use '…'`,
    offset,
    length: 2,
  }
}

function missingComma({ source, code, offset }: Found): YamlFault | undefined {
  if (code !== 'MISSING_CHAR' || tokenBefore(source, offset).brackets.length === 0) return undefined
  return { message: 'a comma is missing between two items', offset, length: 1 }
}

/** The library's tokens without text: a document begins, a bracket is not closed, plain text begins. */
const NO_TEXT = /^[\u0002\u0018\u001f]$/
const UNCLOSED = '\u0018'
const BLANK = /^[\s\u0002\u001f]*$/
const OPENING: Readonly<Record<string, string>> = { ']': '[', '}': '{' }

interface Before {
  /** The last token that begins before an offset, and where. */
  readonly token: string
  readonly at: number
  /** Offsets of the brackets that are open there. */
  readonly brackets: readonly number[]
  /** The last of them is never closed. */
  readonly cut: boolean
}

function tokenBefore({ content }: SourceText, offset: number): Before {
  const brackets: number[] = []
  let [token, at, end] = ['', 0, 0]
  for (const next of new Lexer().lex(content)) {
    const there = end >= offset && !BLANK.test(next)
    const opening = OPENING[next]
    const wrong = next === UNCLOSED || (opening !== undefined && content[brackets.at(-1) ?? 0] !== opening)
    if (there) return { token, at, brackets, cut: wrong }
    if (next === UNCLOSED) brackets.length = 0
    else if (next === '[' || next === '{') brackets.push(end)
    else if (opening !== undefined) brackets.pop()
    if (!BLANK.test(next)) [token, at] = [next, end]
    if (!NO_TEXT.test(next)) end += next.length
  }
  return { token, at, brackets, cut: true }
}

function spaces(count: number): string {
  return count === 1 ? '1 space' : `${count} spaces`
}
