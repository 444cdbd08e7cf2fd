export const SCREENS = ['now', 'alerts', 'approvals', 'silences', 'tune', 'rules', 'playground', 'health'] as const
export type Screen = (typeof SCREENS)[number]

/** What the page shows, in its URL: a link shows the same. */
export interface View {
  readonly screen: Screen
  /** A condition, and words. */
  readonly filter: string
  readonly q: string
  /** Milliseconds before now; 0: all time, or `from` and `to`. */
  readonly range: number
  /** A span that does not move, in milliseconds since 1970; 0: none. */
  readonly from: number
  readonly to: number
  /** The alert that is open. */
  readonly open: string
  /** Only alerts that stand there, that someone has, that are silenced or not: as the console's parameters. */
  readonly state: string
  readonly assignee: string
  readonly silenced: string
  /** Fields that alerts are grouped by, and that are columns; comma-separated. */
  readonly group: string
  readonly columns: string
  /** The rule that a screen is about. */
  readonly rule: string
  /** The token of a link to a step that waits for approval. */
  readonly link: string
}

/** The parts of a view that are any text. */
const TEXTS = ['filter', 'q', 'state', 'assignee', 'silenced', 'group', 'columns', 'rule', 'link'] as const

export const RANGES: readonly (readonly [string, number])[] = [
  ['15 min', 900_000],
  ['1 h', 3_600_000],
  ['6 h', 21_600_000],
  ['24 h', 86_400_000],
  ['7 d', 604_800_000],
  ['30 d', 2_592_000_000],
  ['all', 0],
]

export const START: View = {
  ...{ screen: 'now', filter: '', q: '', range: 86_400_000, from: 0, to: 0, open: '' },
  ...{ state: '', assignee: '', silenced: '', group: '', columns: '', rule: '', link: '' },
}

/** @param hash as in location.hash; whatever is not understood is left out */
export function viewOf(hash: string): View {
  const [screen, query = ''] = hash.replace(/^#\/?/, '').split('?')
  const given = new URLSearchParams(query)
  const range = Number(given.get('range') ?? START.range)
  const time = (name: string) => {
    const value = Number(given.get(name) ?? 0)
    return Number.isSafeInteger(value) && value > 0 ? value : 0
  }
  const span = time('from') < time('to') ? { from: time('from'), to: time('to') } : { from: 0, to: 0 }
  const texts = Object.fromEntries(TEXTS.map(name => [name, given.get(name) ?? ''])) as Pick<
    View,
    (typeof TEXTS)[number]
  >
  return {
    ...texts,
    ...span,
    screen: SCREENS.find(name => name === screen) ?? START.screen,
    range: RANGES.some(([, ms]) => ms === range) ? range : START.range,
    open: /^[0-9a-f]{4,32}$/.test(given.get('open') ?? '') ? given.get('open')! : '',
  }
}

export function hashOf(view: View): string {
  const given = new URLSearchParams()
  for (const name of [...TEXTS, 'range', 'from', 'to', 'open'] as const)
    if (view[name] !== START[name]) given.set(name, String(view[name]))
  const query = String(given)
  return `#/${view.screen}${query === '' ? '' : `?${query}`}`
}

/** What the console counts as namespaces: that of a container, or that which a request is about. */
export const NAMESPACE = 'namespace'

/** Adds a check to a condition. @param isList whether the field has several values, one of which it is about */
export function narrowed(filter: string, name: string, value: string, isList = false): string {
  const check =
    name === NAMESPACE
      ? `(${checkOf('k8s.ns.name', value)} or ${checkOf('ka.target.namespace', value)})`
      : isList
        ? `${name} intersects (${quoted(value)})`
        : checkOf(name, value)
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
