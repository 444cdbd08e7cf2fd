/** How an event of an older capture becomes one of the current form. */
import { CONVERSION_ROWS } from './conversion-rows.ts'
import { PPME } from './ids.ts'

export interface ConversionParam {
  readonly from: 'old' | 'enter' | 'zero' | 'empty' | 'container_json'
  /** For `old` and `enter`: index of the parameter. */
  readonly index: number
  /** If no enter event is stored: empty instead of zero. */
  readonly orEmpty: boolean
}

export interface Conversion {
  readonly action: 'store' | 'pass' | 'store+pass' | 'append' | 'change'
  /** For `change`: the new event's id. */
  readonly to: number
  readonly params: readonly ConversionParam[]
}

/** The conversion of an event with `nparams` parameters; undefined if there is none, which ends reading of the capture. */
export function conversionOf(id: number, nparams: number): Conversion | undefined {
  return table.get(id * 64 + nparams)
}

const table = new Map<number, Conversion>()
for (const row of CONVERSION_ROWS.trim().split('\n')) {
  const [key, verb, ...words] = row.split(' ') as [string, string, ...string[]]
  const [code, nparams] = key.split('/') as [string, string]
  const to = verb === '->' ? idOf(words.shift()!) : -1
  const action = verb === '->' ? 'change' : verb === '+' ? 'append' : (verb as Conversion['action'])
  table.set(idOf(code) * 64 + Number(nparams), { action, to, params: words.map(readParam) })
}

function idOf(code: string): number {
  const id = (PPME as Readonly<Record<string, number>>)[code]
  if (id === undefined) throw new TypeError(`conversion table: no event is called ${code}`)
  return id
}

function readParam(word: string): ConversionParam {
  const match = /^(old|enter|zero|empty|container_json)(\d*)(\??)$/.exec(word)
  if (!match) throw new TypeError(`conversion table: cannot read ${word}`)
  return { from: match[1] as ConversionParam['from'], index: Number(match[2] || 0), orEmpty: match[3] === '?' }
}
