/** Exceptions of rules: suggested by an alert, as a condition over alerts, and as YAML. */
import type { AlertData, LoadedRule, Value } from '@falc/engine'
import type { Exception, Part } from './shapes/index.ts'

/** The condition that an exception is, in the rule language. */
export const conditionOf = (parts: readonly Part[]): string =>
  parts
    .map(({ field, op, values }) => {
      const [first, ...others] = values.map(quoted)
      if (op === 'in') return `${field} in (${[first, ...others].join(', ')})`
      const each = values.map(value => `${field} ${op} ${quoted(value)}`)
      return each.length === 1 ? each[0]! : `(${each.join(' or ')})`
    })
    .join(' and ')

/** A quote after a backslash does not end a text, so a final backslash has another spelling. */
const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replace(/\\\\$/, '\\x5c')}"`

/** Rows of values: every combination, since only `in` takes a list. */
function rowsOf(parts: readonly Part[]): (string | readonly string[])[][] {
  return parts.reduce<(string | readonly string[])[][]>(
    (rows, { op, values }) => {
      const choices = op === 'in' ? [values] : values
      return rows.flatMap(row => choices.map(choice => [...row, choice]))
    },
    [[]],
  )
}

/** An item that adds an exception to a rule that an earlier file defines. */
export function yamlOf({ rule, parts }: Exception, name: string): string {
  const list = (items: readonly string[]) => `[${items.join(', ')}]`
  const rows = rowsOf(parts).map(
    row => `        - ${list(row.map(value => (typeof value === 'string' ? scalar(value) : list(value.map(scalar)))))}`,
  )
  return [
    ...[`- rule: ${scalar(rule)}`, '  exceptions:', `    - name: ${scalar(name)}`],
    ...[
      `      fields: ${list(parts.map(({ field }) => scalar(field)))}`,
      `      comps: ${list(parts.map(({ op }) => scalar(op)))}`,
    ],
    ...['      values:', ...rows, '  override:', '    exceptions: append', ''],
  ].join('\n')
}

/** YAML's double quotes take what JSON's do; but lists of falc may not hold line breaks as such. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z/][\w./-]*( [\w./-]+)*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
  if (isPlain) return text
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, one => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** A name that no exception of the rule has: of the fields, and a number if it must be. */
export function nameFor({ name, parts }: Exception, rule: LoadedRule | undefined): string {
  if (name !== undefined) return name
  const base = `tuned_${parts.map(({ field }) => field.replaceAll(/\W+/g, '_')).join('_')}`.slice(0, 80)
  const taken = new Set(rule?.exceptions.map(exception => exception.name))
  for (let n = 1; ; n++) {
    const made = n === 1 ? base : `${base}_${n}`
    if (!taken.has(made)) return made
  }
}

/** Fields whose values say nothing about what will happen again. */
const FLEETING =
  /^(?:evt\.(?!type)|alert\.|proc\.(?:(?:[apsv]*p|s)?id(?:\b|\[)|v?pgid|ts|duration|pid|vpid|tty|loginshellid|.*\.ts)|thread\.|container\.(?:id|start_ts|duration|full_id)|k8s\.pod\.(?:uid|sandbox_id|ip)|fd\.num|fd\.(?:c|l)port|fd\.(?:name_changed|nameraw)|user\.loginuid|ka\.(?:auditid|req\.body)|jevt\.)/

/** Values longer than this are not for rules files. */
const MAX_VALUE = 300
const MAX_SINGLE = 24

/** The parts of an exception that an alert suggests. @param isField whether conditions of the rule may name it */
export function candidatesOf({ output_fields }: AlertData, isField: (name: string) => boolean): Part[] {
  const found: Part[] = []
  for (const [field, value] of Object.entries(output_fields)) {
    if (FLEETING.test(field) || !isUsable(value) || !isField(field)) continue
    const text = String(value)
    found.push({ field, op: '=', values: [text] })
    const folder = /^(\/.+\/)[^/]+$/.exec(text)?.[1]
    if (folder !== undefined && (field.startsWith('fd.') || field.startsWith('fs.')))
      found.push({ field, op: 'startswith', values: [folder] })
  }
  return found.slice(0, MAX_SINGLE)
}

function isUsable(value: Value | null): boolean {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return true
  return typeof value === 'string' && value !== '' && value !== '<NA>' && value.length <= MAX_VALUE
}

/** Counts, alert by alert, what each part and each pair of parts removes. */
export class Ranking {
  readonly parts: readonly Part[]
  readonly #tests: readonly ((alert: AlertData) => boolean)[]
  /** By the numbers of the parts: one, or two. */
  readonly #counts: Map<number, { removes: number; falsePositives: number; kept: number }> = new Map()
  total = 0

  /** @param testOf the meaning of a condition; undefined: no condition can have the value, and its part is left out */
  constructor(parts: readonly Part[], testOf: (condition: string) => ((alert: AlertData) => boolean) | undefined) {
    const tested = parts.flatMap(part => {
      const test = testOf(conditionOf([part]))
      return test ? [{ part, test }] : []
    })
    this.parts = tested.map(({ part }) => part)
    this.#tests = tested.map(({ test }) => test)
  }

  /** @param verdict of people, if there is one */
  add(alert: AlertData, verdict: 'falsePositives' | 'kept' | undefined): void {
    this.total++
    const holding = this.#tests.flatMap((test, i) => (test(alert) ? [i] : []))
    for (const [n, i] of holding.entries()) {
      this.#count(i, verdict)
      for (const j of holding.slice(n + 1))
        if (this.parts[i]!.field !== this.parts[j]!.field) this.#count((i + 1) * PAIRS + j, verdict)
    }
  }

  #count(key: number, verdict: 'falsePositives' | 'kept' | undefined): void {
    let counts = this.#counts.get(key)
    if (!counts) this.#counts.set(key, (counts = { removes: 0, falsePositives: 0, kept: 0 }))
    counts.removes++
    if (verdict) counts[verdict]++
  }

  /**
   * Those that remove most first; of two that remove the same number, the narrower one. Those that remove all alerts come last: they
   * repeat the rule's own condition and would silence it.
   */
  ranked(limit: number) {
    const isAll = ({ removes }: { removes: number }) => Number(removes === this.total)
    return [...this.#counts]
      .map(([key, counts]) => ({ parts: this.#partsOf(key), ...counts }))
      .sort((a, b) => isAll(a) - isAll(b) || b.removes - a.removes || b.parts.length - a.parts.length)
      .slice(0, limit)
  }

  #partsOf(key: number): Part[] {
    return key < PAIRS ? [this.parts[key]!] : [this.parts[Math.floor(key / PAIRS) - 1]!, this.parts[key % PAIRS]!]
  }
}

const PAIRS = 64
