import { bytesToText, textToBytes } from '../text/encoding.ts'
import { posixHint } from './posix.ts'

/** Thrown by `unquote`; `offset` and `length` lie in the quoted text. */
export class QuoteError extends Error {
  readonly offset: number
  readonly length: number
  constructor(message: string, offset: number, length: number) {
    super(message)
    this.name = 'QuoteError'
    this.offset = offset
    this.length = length
  }
}

/** Texts that need no quotes in a condition. */
const BARE = /^[^()"'\s=,\\\0-\x1f\x7f]+$/
/** `\ ` is a single backslash, as in Falco, for rules that are older than its escapes. */
const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  '/': '/',
  ' ': '\\',
}
const NEEDS_ESCAPE = /["\\\b\f\n\r\t]|[\udc80-\udcff]/g
const ESCAPED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** The text in the form of a condition: unchanged if it needs no quotes, otherwise in double quotes. */
export function quote(text: string): string {
  if (BARE.test(text) && !/[\udc80-\udcff]/.test(text)) return text
  const body = text.replace(NEEDS_ESCAPE, (char, at: number) => {
    const escaped = ESCAPED[char]
    // A quote after a backslash does not end a string, so a final backslash needs another spelling.
    if (char === '\\' && at === text.length - 1) return '\\x5c'
    if (escaped !== undefined) return escaped
    const before = text.charCodeAt(at - 1)
    return before >= 0xd800 && before < 0xdc00 ? char : `\\x${(char.charCodeAt(0) & 0xff).toString(16)}`
  })
  return `"${body}"`
}

/**
 * The value of a quoted string. `\xHH` is a byte: bytes that do not form UTF-8 become lone surrogates
 * (text/encoding.ts).
 * @throws {QuoteError} for an unknown escape
 */
export function unquote(quoted: string): string {
  const mark = quoted[0]
  const body = quoted.slice(1, -1)
  if (!body.includes('\\')) return body
  let text = ''
  let raw = false
  for (let i = 0; i < body.length; i++) {
    if (body[i] !== '\\') {
      text += body[i]
      continue
    }
    const next = body[++i]
    if (next === 'x') {
      const hex = body.slice(i + 1, i + 3)
      if (!/^[0-9a-fA-F]{2}$/.test(hex))
        throw new QuoteError(`invalid escape sequence '\\x${hex}': \\x takes two hexadecimal digits`, i, 2 + hex.length)
      const byte = Number.parseInt(hex, 16)
      raw ||= byte >= 0x80
      text += String.fromCharCode(byte < 0x80 ? byte : 0xdc00 | byte)
      i += 2
    } else if (next !== undefined && (ESCAPES[next] !== undefined || next === mark)) {
      text += ESCAPES[next] ?? next
    } else {
      const name = next ?? ''
      const message =
        name === '"' || name === "'"
          ? `invalid \\${name} escape in ${mark}-quoted string`
          : `unsupported string escape sequence: \\${name}${posixHint(`\\${name}`) || (/[|.+*?()[\]{}^$-]/.test(name) ? `: write a backslash in a string as \\\\` : '')}`
      throw new QuoteError(message, i, 1 + name.length)
    }
  }
  return raw ? bytesToText(textToBytes(text)) : text
}
