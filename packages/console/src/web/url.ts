/** What the page shows, in its URL: a link shows the same. */
export interface View {
  readonly screen: 'now' | 'alerts'
  readonly filter: string
  readonly q: string
  /** Milliseconds before now; 0: all time. */
  readonly range: number
  /** The alert that is open. */
  readonly open: string
}

export const RANGES: readonly (readonly [string, number])[] = [
  ['15 min', 900_000],
  ['1 h', 3_600_000],
  ['6 h', 21_600_000],
  ['24 h', 86_400_000],
  ['7 d', 604_800_000],
  ['30 d', 2_592_000_000],
  ['all', 0],
]

export const START: View = { screen: 'now', filter: '', q: '', range: 86_400_000, open: '' }

/** @param hash as in location.hash; whatever is not understood is left out */
export function viewOf(hash: string): View {
  const [screen, query = ''] = hash.replace(/^#\/?/, '').split('?')
  const given = new URLSearchParams(query)
  const range = Number(given.get('range') ?? START.range)
  return {
    screen: screen === 'alerts' ? 'alerts' : 'now',
    filter: given.get('filter') ?? '',
    q: given.get('q') ?? '',
    range: RANGES.some(([, ms]) => ms === range) ? range : START.range,
    open: /^[0-9a-f]{4,32}$/.test(given.get('open') ?? '') ? given.get('open')! : '',
  }
}

export function hashOf({ screen, filter, q, range, open }: View): string {
  const given = new URLSearchParams()
  if (filter !== '') given.set('filter', filter)
  if (q !== '') given.set('q', q)
  if (range !== START.range) given.set('range', String(range))
  if (open !== '') given.set('open', open)
  const query = String(given)
  return `#/${screen}${query === '' ? '' : `?${query}`}`
}

/** Adds a check to a condition. */
export function narrowed(filter: string, name: string, value: string): string {
  const check = checkOf(name, value)
  return filter.trim() === '' ? check : `(${filter}) and ${check}`
}

/** Bytes that a value of the rule language may have. */
const MAX_VALUE = 255

/** `name = value`, or as much of it as the rule language can say: a value there is short, and has no NUL. */
export function checkOf(name: string, value: string): string {
  let start = value.split('\0', 1)[0]!
  while (new TextEncoder().encode(start).length > MAX_VALUE)
    start = Array.from(start.slice(0, MAX_VALUE)).slice(0, -1).join('')
  return `${name} ${start === value ? '=' : 'startswith'} ${quoted(start)}`
}

/** A text in the rule language. */
export function quoted(text: string): string {
  const body = text.replace(/["\\\x00-\x1f\x7f]/g, (char, at: number) => {
    // A quote after a backslash does not end a text.
    const isLast = at === text.length - 1
    if (char === '"' || (char === '\\' && !isLast)) return `\\${char}`
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${body}"`
}
