import { readdirSync, readFileSync } from 'node:fs'

/** The most characters of a group of items to mutate: larger groups only take more time. */
const MAX_SEED = 3000

/** Pieces that mean something in a rules file. */
const WORDS = [
  ...['- rule: ', '- list: l\n  items: ', '- macro: m\n  condition: ', '\n', '  ', ': ', '[', ']', '{', '}', '"', "'"],
  ...[
    '&a ',
    '*a',
    '|',
    '>',
    '#',
    '---\n',
    'append: true',
    '(',
    ')',
    ' and ',
    ' or ',
    'not ',
    ',',
    '=',
    '\\',
    '\t',
    '%',
  ],
  ...[
    '~',
    '!!str ',
    '\u0000',
    '\ud800',
    '\u2028',
    '? ',
    '<<: ',
    ' in (',
    ' startswith ',
    ' exists',
    'proc.name',
    'evt.type',
  ],
  ...['%proc.name', 'tolower(', 'val(', '[0]', '\\x', '\u00e9', '9'.repeat(30), 'a'.repeat(300), '(((((', 'not not '],
  ...[
    '  override:\n    condition: append\n',
    '  exceptions:\n    - name: e\n      fields: [proc.name]\n      values: [[a]]\n',
  ],
]

/** The rules files of the project, in groups of one to four items. */
function seeds(): string[] {
  const folder = new URL('../../../../rules/', import.meta.url)
  const found: string[] = []
  for (const name of readdirSync(folder).filter(file => file.endsWith('.yaml'))) {
    const items = readFileSync(new URL(name, folder), 'utf8').split(/^(?=- )/m)
    for (let i = 0; i < items.length; i += 1 + (i % 4))
      found.push(
        items
          .slice(i, i + 1 + (i % 4))
          .join('')
          .slice(0, MAX_SEED),
      )
  }
  return found
}

const SEEDS = seeds()

/** A generator of random numbers below `n`, the same for the same seed. */
function random(seed: number): (n: number) => number {
  let state = (seed * 2654435761 + 1) >>> 0
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

/** The contents of one or two files: a group of items, changed in a few places, or words in any order. */
export function filesOf(seed: number): string[] {
  const below = random(seed)
  const pick = (list: readonly string[]) => list[below(list.length)]!
  if (below(5) === 0) return [Array.from({ length: below(30) }, () => pick(WORDS)).join('')]
  let text = pick(SEEDS)
  for (let n = 1 + below(5); n > 0; n--) {
    const at = below(text.length + 1)
    const end = at + below(16)
    const other = pick(SEEDS)
    const from = below(other.length)
    switch (below(5)) {
      case 0:
        text = text.slice(0, at) + text.slice(end)
        break
      case 1:
        text = text.slice(0, at) + other.slice(from, from + below(80)) + text.slice(at)
        break
      case 2:
        text = text.slice(0, at) + text.slice(at, end).repeat(1 + below(200)) + text.slice(end)
        break
      default:
        text = text.slice(0, at) + pick(WORDS) + text.slice(below(2) === 0 ? at : end)
    }
  }
  const cut = text.indexOf('\n- ', below(text.length + 1)) + 1
  return below(3) === 0 && cut > 0 ? [text.slice(0, cut), text.slice(cut)] : [text]
}
