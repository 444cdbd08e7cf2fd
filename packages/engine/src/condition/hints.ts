import { nearest } from '../text/did-you-mean.ts'
import { MODIFIERS, spellings } from './operators.ts'
import { isTransformer, TRANSFORMER_NAMES, VAL } from './transformers.ts'

/** The position of a syntax error. */
export interface Spot {
  /** The grammar rule that failed. */
  readonly rule: string
  /** The word or sign at the error. */
  readonly found: string
  /** The text from the error on, and the text before it. */
  readonly rest: string
  readonly before: string
}

/** The `rule` of an error after a complete condition. */
export const AFTER_CHECK = 'after check'

/** Words of other languages that can occur anywhere. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^&&|^AND\b/, "write 'and'"],
  [/^\|\||^OR\b/, "write 'or'"],
  [/^NOT\b|^!(?!=)/, "write 'not' before the check: not field = value"],
  [/^not\b/, "write 'not' before the whole check: not field in (a, b)"],
  [/^(?:<>|≠)/, "write '!='"],
  [/^≤/, "write '<='"],
  [/^≥/, "write '>='"],
  [/^[“”„«»‹›‘’‚]/, 'type the quotes again: these are typographic ones'],
  [/^%[a-z]\w*\.\w/, "write the field without '%'"],
  [/^[‐-―−]/, "type the '-' again: this is a typographic dash"],
  [
    /^(?:and|or|not)[^\S \t\r\n]/,
    'the blank after it is not a plain one (a non-breaking space, for example): type it again',
  ],
  [
    /^(?:\/\/|\/\*|--)/,
    "a condition has no comments: write them on lines of their own that begin with '#', above the key",
  ],
]

/** Transformers of other languages. */
const TRANSFORMERS: readonly (readonly [RegExp, string])[] = [
  [/^(?:length|size|strlen|count)$/i, 'len'],
  [/^(?:to_?)?lower(?:_?case)?$/i, 'tolower'],
  [/^(?:to_?)?upper(?:_?case)?$/i, 'toupper'],
  [/^(?:from_?)?base64(?:_?decode)?$/i, 'b64'],
]

/** Operators of other languages. */
const OPERATORS: readonly (readonly [RegExp, string])[] = [
  [/^is\s+not\s+(?:null|none|empty|defined)\b|^!=\s*null\b/i, "write 'field exists'"],
  [/^is\s+(?:null|none|empty|undefined)\b/i, "write 'not field exists'"],
  [/^(?:is\s+not|not\s*equals?|ne|neq)\b/i, "write '!='"],
  [/^(?:is|equals?|eq)\b/i, "write '='"],
  [/^(?:=~|~|match(?:es)?\b|rlike\b)/i, "write 'regex' (the whole value must match) or 'contains'"],
  [/^like\b/i, "write 'glob' or 'contains'"],
  [/^(?:includes?|has|containing)\b/i, "write 'contains'"],
  [/^(?:gt|ge|gte|lt|le|lte)\b/i, "write '<', '<=', '>' or '>='"],
  [/^one\s+of\b|^any\s+of\b/i, "write 'in (a, b)'"],
  [/^between\b/i, "write 'field >= a and field <= b'"],
  [/^(?:iequals?|ieq|equalsignorecase)\b/i, "write 'tolower(field) = value'"],
]

/** A hint at what the author probably meant; undefined: no good guess. */
export function hintFor(spot: Spot): string | undefined {
  return parenthesis(spot) ?? operator(spot) ?? foreign(spot) ?? value(spot) ?? list(spot) ?? caps(spot)
}

function foreign({ rest }: Spot): string | undefined {
  return FOREIGN.find(([pattern]) => pattern.test(rest))?.[1]
}

function caps({ found }: Spot): string | undefined {
  return /^[A-Z]+$/.test(found) ? 'keywords are lower case' : undefined
}

function operator({ rule, rest }: Spot): string | undefined {
  if (rule !== 'comparison') return undefined
  const known = OPERATORS.find(([pattern]) => pattern.test(rest))?.[1]
  if (known !== undefined) return known
  const word = /^[a-zA-Z_-]+/.exec(rest)?.[0]
  if (word === undefined || rest.startsWith('not')) return undefined
  const guess = nearest(word.toLowerCase().replace(/[_-]/g, ''), spellings())
  return guess === undefined ? undefined : `did you mean '${guess}'?`
}

/** A parenthesis where none is allowed. */
function parenthesis({ rule, found, rest, before }: Spot): string | undefined {
  if (!found.startsWith('(')) return undefined
  const symbol = /(?:!=|==?)\s*$/.exec(before)?.[0].trim()
  const word = /([a-zA-Z][a-zA-Z0-9_]*)\s*$/.exec(before)?.[1]
  if (word === VAL) return `'${VAL}' is allowed on the right side of a check only`
  if (word !== undefined && isTransformer(word)) return `remove the blank between '${word}' and '('`
  if (word !== undefined && (MODIFIERS as readonly string[]).includes(word))
    return `'${word}' takes a list: leave a blank before and after it`
  const op = symbol ?? word
  if (op !== undefined && spellings('string').includes(op)) {
    if (!/^\([^()]*,/.test(rest)) return 'quote values that contain parentheses'
    if (op === '!=') return "'!=' takes one value: write 'not field in (a, b)'"
    return op === '=' || op === '=='
      ? `'${op}' takes one value: write 'in (a, b)'`
      : `'${op}' takes one value: write '${op} anyof (a, b)'`
  }
  const inner = /([a-z]+)\s+in\s*$/.exec(before)?.[1]
  if (inner !== undefined && spellings('string').includes(inner)) return `write '${inner} anyof (a, b)'`
  if (word !== undefined && spellings().includes(word)) return `write the field first: field ${word}`
  const meant = word === undefined ? undefined : transformerLike(word)
  if (meant !== undefined) return `did you mean '${meant}'?`
  if (word !== undefined && rule !== 'primary')
    return `'${word}' is not a transformer; the transformers are ${[VAL, ...TRANSFORMER_NAMES].map(name => `'${name}'`).join(', ')}`
  return undefined
}

function transformerLike(word: string): string | undefined {
  return TRANSFORMERS.find(([pattern]) => pattern.test(word))?.[1] ?? nearest(word.toLowerCase(), TRANSFORMER_NAMES)
}

function value({ rule, found, rest, before }: Spot): string | undefined {
  if (rule === 'primary' && /^[$%]\{?[a-z]/.test(rest)) return `a condition names fields without '${found[0]}'`
  if (rule === 'primary' && /^(?:"[^"]*"|'[^']*'|\d+)\s*[<>=!]/.test(rest))
    return 'write the field first: field = value'
  if (rule === 'orderedValue' && rest.startsWith('>') && before.endsWith('<')) return "write '!='"
  if (rule === 'orderedValue') return `'${/[<>]=?\s*$/.exec(before)?.[0].trim() ?? '<'}' compares numbers`
  if (rule === 'comparison' && /\w\s*$/.test(before) && /^(?:and|or|\)|\s|$)/.test(found))
    return "a check needs an operator: 'field exists', or 'field = true' for a boolean"
  if (rule !== AFTER_CHECK) return undefined
  if (/\bexists\s*$/.test(before)) return "'exists' takes no value"
  if (found === ')') return "no '(' matches it"
  if (/[“„«‹‘‚][^“”„«»‹›‘’‚"']*$/.test(before)) return 'type the quotes again: these are typographic ones'
  if (/(?:^|[\s(])NOT\s+$/.test(before)) return "write 'not'"
  if (/=~\s*$/.test(before)) return "'=~' is not an operator: write 'regex' (the whole value must match) or 'contains'"
  if (/[<>=]\s*\d+$/.test(before) && /^[a-zA-Z]+\b/.test(rest)) return 'a number has no unit (times are in nanoseconds)'
  if (found.startsWith('=') || found.startsWith('!='))
    return 'the name of a field contains a dot; a name without one is a macro'
  return /^[\w./-]/.test(found) && !/^(?:and|or)/.test(found)
    ? "join checks with 'and' or 'or'; quote values that contain blanks"
    : undefined
}

function list({ rule, found, rest, before }: Spot): string | undefined {
  if (found.startsWith('['))
    return rule === 'comparison' ? "remove the blank before '['" : 'write lists in parentheses: (a, b)'
  if (found.startsWith(',') && rule === AFTER_CHECK) return 'write lists in parentheses: (a, b)'
  if (rule === 'listValue' && /\b(?:in|intersects|pmatch)\s+$/.test(before) && /^[\w./"'-]/.test(found))
    return 'write lists in parentheses, also of one item: (a)'
  if (/,\s*$/.test(before) && /^[,)]/.test(found)) return 'there is a comma too many'
  if (rule !== 'listValue' || !/\([^)]*\s$/.test(before)) return undefined
  if (/^(?:and|or)\b/.test(rest)) return 'separate the items of a list with commas'
  return /^[\w./"'-]/.test(found) ? 'a comma is missing between two items' : undefined
}
