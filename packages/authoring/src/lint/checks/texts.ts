import { defineCheck, type Fix, type Found } from '../check.ts'
import { type Literal, literalsOf } from '../literals.ts'

const meta = (condition: string) => `- list: shells
  items: [bash, sh]
- rule: Shell Read Passwords
  desc: A shell read the file of passwords
  condition: evt.type = openat and proc.name in (shells) and ${condition}
  output: Shell read passwords (user=%user.name command=%proc.cmdline file=%fd.name)
  priority: WARNING
`

const QUOTES = '“”„‟«»‹›‘’‚‛`´'
const AROUND = new RegExp(`^[${QUOTES}]+|[${QUOTES}]+$`, 'g')
/** Characters that a word processor puts in, or that look like another: what they are called, and what was meant. */
const TYPOGRAPHIC: readonly (readonly [RegExp, string, string])[] = [
  [/(?<![^\s=,])[\u2010-\u2015\u2212](?=\S)/, 'a typographic dash', '-'],
  [/[\u00ad\u200b-\u200f\u2060\ufeff]/, 'an invisible character', ''],
  [/[\u00a0\u2007\u202f]/, 'a blank that is not a plain one', ' '],
]
/** A word of Latin letters with some of another alphabet that look like them. */
const MIXED = /[a-zA-Z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][a-zA-Z]/

export const typographicCharacter = defineCheck({
  code: 'typographic-character',
  severity: 'warning',
  summary: 'A value has a character that was hardly meant: a typographic quote or dash, or an invisible one.',
  doc: `Word processors, chats and web pages replace \`"\` by \`“\` and \`-\` by \`–\`. Such a quote is part of the value, so the check never holds:
no file is called \`“/etc/shadow”\`. The same goes for blanks that do not break, for characters without width, and for letters of other
alphabets that look like Latin ones. Type the value again.`,
  examples: {
    bad: meta('fd.name = “/etc/shadow”'),
    good: meta('fd.name = "/etc/shadow"'),
  },
  *run(project) {
    for (const literal of literalsOf(project)) yield* typographic(literal)
  },
})

function* typographic({ text, place, verbatim }: Literal): Generator<Found> {
  const bare = text.replace(AROUND, '')
  if (/[“”„‟«»‹›‘’‚‛]/.test(text) && bare !== text && bare !== '') {
    const fix: Fix = { grade: 'safe', edits: [{ place, text: JSON.stringify(bare) }] }
    const message = `the typographic quotes are part of the value ${text}`
    yield { place, message, advice: `Write ${JSON.stringify(bare)}.`, fix: verbatim ? fix : undefined }
    return
  }
  for (const [pattern, what, meant] of TYPOGRAPHIC) {
    const found = pattern.exec(text)
    if (!found) continue
    const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    const plain = text.replaceAll(new RegExp(pattern, 'g'), meant)
    const message = `the value ${JSON.stringify(text)} has ${what} (U+${code})`
    yield { place, message, advice: `Write ${JSON.stringify(plain)}.` }
    return
  }
  const mixed = MIXED.exec(text)?.[0]
  if (mixed === undefined) return
  const other = [...mixed].find(char => char > '\u007f')!
  const code = other.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
  yield { place, message: `the ${other} (U+${code}) in ${text} is not a Latin letter`, advice: 'Type the word again.' }
}

export const quotedList = defineCheck({
  code: 'quoted-list',
  severity: 'warning',
  summary: 'Quotes make one value of what was meant as a list.',
  doc: `Each item has quotes of its own, if any: \`in ("sh, bash")\` asks for a process whose name is \`sh, bash\`. The name of a list has none:
\`in ("shells")\` asks for a process called shells.`,
  examples: {
    bad: meta("proc.pname in ('nginx, httpd')"),
    good: meta("proc.pname in ('nginx', 'httpd')"),
  },
  *run(project) {
    const lists = new Set(project.analysis.resolution?.lists.keys())
    for (const { check, text, place, verbatim, quoted } of literalsOf(project)) {
      if (!quoted || !Array.isArray(check.right)) continue
      if (lists.has(text))
        yield {
          place,
          message: `in quotes, ${text} is a value, not the list of that name`,
          advice: `Write ${text} without quotes.`,
          ...(verbatim && { fix: { grade: 'unsafe', edits: [{ place, text }] } }),
        }
      const items = text.split(',').map(item => item.trim())
      if (items.length < 2 || !items.every(item => /^[\w./-]+$/.test(item)) || !/,\s/.test(text)) continue
      const list = items.map(item => JSON.stringify(item)).join(', ')
      yield {
        place,
        message: `${JSON.stringify(text)} is one value`,
        advice: `Write ${list}.`,
        ...(verbatim && { fix: { grade: 'unsafe', edits: [{ place, text: list }] } }),
      }
    }
  },
})

export const patternAsText = defineCheck({
  code: 'pattern-as-text',
  severity: 'warning',
  summary: 'An operator that compares letter by letter is given a pattern.',
  doc: `Only \`glob\`, \`iglob\`, \`regex\` and \`pmatch\` know patterns. To \`=\`, \`in\`, \`startswith\`, \`endswith\` and \`contains\`, a \`*\` is a star
and \`^\` a caret: \`fd.name = /etc/*\` asks for a file that is called \`*\`.`,
  examples: {
    bad: meta('fd.name startswith "/etc/*"'),
    good: meta('fd.name startswith /etc/'),
  },
  *run(project) {
    for (const { node, text, place } of literalsOf(project)) {
      const { op, left } = node.clause
      const meant = patternMeant(op, text)
      if (!meant) continue
      const [sign, instead] = meant
      yield {
        place,
        message: `${op} compares letter by letter, also the ${sign} of ${text}`,
        advice: `Write ${left.kind === 'field' ? left.field.text : left.key} ${instead}.`,
      }
    }
  },
})

/** The sign of a pattern in a value, and the check that was probably meant. */
function patternMeant(op: string, text: string): readonly [string, string] | undefined {
  const [, before = '', core = '', after = ''] = /^(\*?)([^*]+)(\*?)$/.exec(text) ?? []
  const value = /^[\w./:-]+$/.test(core) ? core : JSON.stringify(core)
  if (text.startsWith('^') && /^\^[\w./]/.test(text) && /^(?:startswith|contains|=|in)$/.test(op))
    return ['^', `startswith ${/^[\w./:-]+$/.test(text.slice(1)) ? text.slice(1) : JSON.stringify(text.slice(1))}`]
  if (op === '=' || op === '!=' || op === 'in') {
    // A lone star, and a path that ends with one, are values of RBAC and cron; a word with a star on one side is not.
    if (/^[\w./-]+\*$|^\*[\w./-]+$/.test(text)) return ['*', `glob "${text}"`]
    return undefined
  }
  if (core.trim() === '' || (before === '' && after === '')) return undefined
  if (op === 'startswith' && after) return ['*', before ? `contains ${value}` : `startswith ${value}`]
  if (op === 'endswith' && before) return ['*', after ? `contains ${value}` : `endswith ${value}`]
  return op === 'contains' && before && after ? ['*', `contains ${value}`] : undefined
}

/** Fields of free text, in which a blank at an end can be meant. */
const FREE_TEXT = /(?:cmdline|args|env|buffer|data|message|info)$|^evt\.arg/

export const edgeBlank = defineCheck({
  code: 'edge-blank',
  severity: 'warning',
  summary: 'A value begins or ends with a blank.',
  doc: `Blanks within quotes belong to the value: \`proc.name = "bash "\` asks for a name with a blank at its end. To look for a word, give
\`contains\` and \`startswith\` the blank: \`proc.cmdline contains " -c "\`.`,
  examples: {
    bad: meta('proc.pname = "nginx "'),
    good: meta('proc.pname = nginx'),
  },
  *run(project) {
    for (const { node, text, place, verbatim } of literalsOf(project)) {
      const { left, op } = node.clause
      const bare = text.trim()
      if (left.kind !== 'field' || !/^(?:=|!=|in|intersects)$/.test(op) || FREE_TEXT.test(left.field.name)) continue
      if (bare === text || bare === '') continue
      const meant = /^[\w./:-]+$/.test(bare) ? bare : JSON.stringify(bare)
      yield {
        place,
        message: `the blank is part of the value ${JSON.stringify(text)}`,
        advice: `Write ${meant}.`,
        ...(verbatim && { fix: { grade: 'unsafe', edits: [{ place, text: meant }] } }),
      }
    }
  },
})

/** Values that a field never has: a check that such a text equals it never holds. */
const NEVER: readonly {
  readonly fields: RegExp
  readonly never: RegExp
  readonly why: string
  /** Not in a list with other values: some programs give themselves such a name. */
  readonly alone?: true
  /** What was meant. */
  instead(text: string): string
}[] = [
  {
    fields: /^proc\.(name|pname|aname)$/,
    never: /^\//,
    why: "is a process's name without its folder",
    alone: true,
    instead: text => `${text.slice(text.lastIndexOf('/') + 1)}, or compare proc.exepath`,
  },
  {
    fields: /^fd\.filename$/,
    never: /\//,
    why: "is a file's name without its folder",
    instead: text => `${text.slice(text.lastIndexOf('/') + 1)}, or compare fd.name`,
  },
  {
    fields: /^fd\.directory$/,
    never: /.\/$/,
    why: "does not end with '/'",
    instead: text => text.replace(/\/+$/, ''),
  },
  {
    fields: /^container\.id$/,
    never: /^[0-9a-f]{13,}$/,
    why: 'has 12 characters',
    instead: text => `${text.slice(0, 12)}, or compare container.full_id`,
  },
  { fields: /^user\.(login)?name$/, never: /^\d+$/, why: 'is a name', instead: text => `user.uid = ${text}` },
  {
    fields: /^(fd\.type|fd\.l4proto|ka\.verb|ka\.target\.resource)$/,
    never: /[A-Z]/,
    why: 'is in lower case',
    instead: text => text.toLowerCase(),
  },
  { fields: /^evt\.res$/, never: /[a-z]/, why: 'is in capitals', instead: text => text.toUpperCase() },
  {
    fields: /^fd\.type$/,
    never: /^(socket|inet|tcp|udp|network|dir|fifo)$/,
    why: 'is the kind of a descriptor',
    instead: text =>
      text === 'dir' ? 'directory' : text === 'fifo' ? 'pipe' : 'in (ipv4, ipv6), or fd.typechar = 4 or 6',
  },
]

export const impossibleValue = defineCheck({
  code: 'impossible-value',
  severity: 'warning',
  summary: 'A field is compared with a text that it never is.',
  doc: `Some fields hold names of one form only: \`proc.name\` has no folder, \`fd.directory\` no slash at its end, \`container.id\` twelve
characters, \`fd.type\` and \`ka.verb\` no capitals. A check that asks for another text never holds. \`docs/fields.md\` says what each
field holds.`,
  examples: {
    bad: meta('fd.directory = /etc/'),
    good: meta('fd.directory = /etc'),
  },
  *run(project) {
    for (const { node, text, place } of literalsOf(project)) {
      const { left, op, values } = node.clause
      if (left.kind !== 'field' || !/^(?:=|!=|in)$/.test(op)) continue
      const row = NEVER.find(
        ({ fields, never, alone }) =>
          fields.test(left.field.name) &&
          never.test(text) &&
          (!alone || values.every(value => typeof value === 'string' && never.test(value))),
      )
      if (!row) continue
      const message = `${left.field.text} ${row.why}, so ${JSON.stringify(text)} never equals it`
      yield { place, message, advice: `Write ${row.instead(text)}.` }
    }
  },
})
