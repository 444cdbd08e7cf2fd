/** As much of C's syntax as scripts/probe-parameters.ts needs: tokens, brackets, arguments, statements. */

export interface Token {
  readonly text: string
  readonly place: string
}

/** Tokens without comments. A macro is kept as `#define NAME ( … ) {# body #}`; other directives go. */
export function tokens(file: string, text: string): Token[] {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, all => all.replace(/[^\n]/g, ' '))
  const found: Token[] = []
  let line = 1
  let macro = false
  for (const [all] of bare.matchAll(
    /\\\n|\n|##|#\s*define\b|#[^\n]*|"(?:\\.|[^"\n])*"|'(?:\\.|[^'\n])*'|\w+|[^\s\w]/g,
  )) {
    const place = `${file}:${line}`
    if (all === '\n' && macro) {
      found.push({ text: '#}', place })
      macro = false
    }
    line += all.split('\n').length - 1
    if (/^#\s*define/.test(all)) {
      macro = true
      found.push({ text: '#define', place })
    } else if (all.startsWith('##')) found.push({ text: '##', place })
    else if (all.startsWith('#') || all.startsWith('\\') || all === '\n') continue
    else found.push({ text: all, place })
  }
  return found
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' }

/** Where the bracket at `open` closes. */
export function matching(all: readonly Token[], open: number): number {
  const [opening, closing] = [all[open]!.text, CLOSING[all[open]!.text]!]
  for (let i = open, depth = 0; i < all.length; i++) {
    if (all[i]!.text === opening) depth++
    else if (all[i]!.text === closing && --depth === 0) return i
  }
  throw new Error(`${all[open]!.place}: ${opening} is not closed`)
}

/** Arguments between commas. */
export function split(all: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  for (let i = 0; i < all.length; i++) {
    const { text } = all[i]!
    if (text === ',') parts.push([])
    else if (text in CLOSING) {
      const close = matching(all, i)
      parts.at(-1)!.push(...all.slice(i, close + 1))
      i = close
    } else parts.at(-1)!.push(all[i]!)
  }
  return parts.filter(part => part.length > 0)
}

/** What stands between the labels of a switch and its `break`. */
export function cases(body: readonly Token[]): Token[][] {
  const parts: Token[][] = []
  for (let i = 0; i < body.length; i++) {
    const { text } = body[i]!
    if (text === 'case' || text === 'default') {
      i = body.findIndex((token, at) => at > i && token.text === ':')
      if (parts.at(-1)?.length !== 0) parts.push([])
    } else if (text !== 'break') parts.at(-1)!.push(body[i]!)
  }
  return parts
}

/** Where the statement that starts at `from` ends. */
export function statementEnd(all: readonly Token[], from: number): number {
  const first = all[from]!.text
  if (first === '{') return matching(all, from) + 1
  if (first === 'if' || first === 'for' || first === 'while' || first === 'switch') {
    const end = statementEnd(all, matching(all, from + 1) + 1)
    return first === 'if' && all[end]?.text === 'else' ? statementEnd(all, end + 1) : end
  }
  for (let i = from; i < all.length; i++) {
    if (all[i]!.text in CLOSING) i = matching(all, i)
    else if (all[i]!.text === ';') return i + 1
  }
  return all.length
}
