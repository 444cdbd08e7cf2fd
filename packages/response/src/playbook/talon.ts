/** Translates falco-talon's rule files into playbooks, and reports what is the same, better, or refused and why. */
import { type Condition, type Operand, PRIORITIES, parsePriority, printCondition } from '@falc/engine'
import { stringify } from 'yaml'
import { type Path, PlaybookDocument } from './document.ts'
import type { PlaybookFile } from './load.ts'

type Map = Readonly<Record<string, any>>

/** One of its actionners. */
interface Row {
  /** The action of a playbook; undefined: there is none. */
  readonly becomes?: string
  /** Parameters of the same meaning, by their names. */
  readonly params?: Readonly<Record<string, string>>
  /** The difference, or the reason for the refusal. */
  readonly note: string
}

/** All actionners of falco-talon 0.3. */
export const TALON: Readonly<Record<string, Row>> = {
  'kubernetes:terminate': {
    ...{ becomes: 'delete_pod', params: { grace_period_seconds: 'grace' } },
    note: "by UID; the default grace period is the pod's own, not 0",
  },
  'kubernetes:label': { becomes: 'label_pod', params: { labels: 'labels' }, note: 'by UID' },
  'kubernetes:annotation': { becomes: 'annotate_pod', params: { annotations: 'annotations' }, note: 'by UID' },
  'kubernetes:networkpolicy': {
    ...{ becomes: 'isolate_pod', params: {} },
    note: 'the one pod, both directions, out of its services and its owner; undone with `for`',
  },
  'kubernetes:log': { becomes: 'pod_logs', params: { tail_lines: 'lines' }, note: 'kept in the journal' },
  'kubernetes:cordon': { becomes: 'cordon_node', params: {}, note: 'never of the control plane' },
  'kubernetes:drain': {
    ...{ becomes: 'drain_node', params: { ignore_daemonsets: '', ignore_errors: '' } },
    note: 'never of the control plane; pods of DaemonSets stay',
  },
  'kubernetes:exec': {
    note: 'it puts fields that an attacker chooses into a shell in the pod; use `exec_in_container`',
  },
  'kubernetes:script': {
    note: 'it puts fields that an attacker chooses into a shell in the pod; use `exec_in_container`',
  },
  'kubernetes:delete': { note: 'it deletes by name, and an alert of an audit event has no UID' },
  'kubernetes:download': { note: 'there is no such action' },
  'kubernetes:tcpdump': { note: 'there is no such action' },
  'kubernetes:sysdig': { note: 'there is no such action; a rule with `capture: true` records around its alerts' },
  'calico:networkpolicy': { note: 'there is no such action; isolate_pod denies all' },
  'cilium:networkpolicy': { note: 'there is no such action; isolate_pod denies all' },
  'aws:lambda': { note: 'use `webhook` with the URL of the function' },
  'gcp:function': { note: 'use `webhook` with the URL of the function' },
}

export interface TalonNote {
  readonly rule: string
  readonly what: string
  readonly verdict: 'same' | 'better' | 'different' | 'refused'
  readonly reason: string
}

/**
 * @returns playbooks, all of them dry, and what became of each part
 * @throws {PlaybookError} with its place, when a file is not one of falco-talon's
 */
export function fromTalon(files: readonly PlaybookFile[]): {
  readonly yaml: string
  readonly notes: readonly TalonNote[]
} {
  const actions = new globalThis.Map<string, Map>()
  const rules = new globalThis.Map<
    string,
    { readonly rule: Map; readonly error: (reason: string, path: Path) => Error }
  >()
  for (const { name, content } of files) {
    const document = new PlaybookDocument(name, content)
    const { value } = document
    if (!Array.isArray(value)) throw document.error('a file of falco-talon is a list of actions and rules', [])
    value.forEach((item: Map, i) => {
      // Items of one name are merged, over all files.
      if (typeof item?.action === 'string') actions.set(item.action, merged(actions.get(item.action), item))
      else if (typeof item?.rule === 'string')
        rules.set(item.rule, {
          rule: merged(rules.get(item.rule)?.rule, item),
          error: (reason, path) => document.error(reason, [i, ...path]),
        })
      else throw document.error('an item has an action or a rule', [i])
    })
  }
  const notes: TalonNote[] = []
  const playbooks = [...rules.values()].flatMap(({ rule, error }) => {
    const note = (what: string, verdict: TalonNote['verdict'], reason: string) =>
      notes.push({ rule: rule.rule, what, verdict, reason })
    const steps = [
      ...stepsOf(rule, actions, note),
      ...(rule.notifiers ?? []).map((output: string) => ({ notify: { output } })),
    ]
    if (String(rule.continue) === 'false') note('continue: false', 'different', 'other playbooks are looked at, too')
    if (steps.length === 0) {
      note('the rule', 'refused', 'none of its actions can be taken')
      return []
    }
    return [{ playbook: rule.rule, when: printCondition(conditionOf(rule.match ?? {}, error)), mode: 'dry-run', steps }]
  })
  return { yaml: stringify(playbooks, { lineWidth: 0 }), notes }
}

/** As falco-talon merges: maps by key, lists one after the other, anything else is replaced. */
function merged(old: any, item: any): any {
  if (Array.isArray(old) && Array.isArray(item)) return [...old, ...item]
  if (!isMap(old) || !isMap(item)) return item
  return { ...old, ...Object.fromEntries(Object.entries(item).map(([key, value]) => [key, merged(old[key], value)])) }
}

const isMap = (value: unknown): value is Map => typeof value === 'object' && value !== null && !Array.isArray(value)

function stepsOf(
  rule: Map,
  actions: ReadonlyMap<string, Map>,
  note: (what: string, verdict: TalonNote['verdict'], reason: string) => void,
): Map[] {
  return (rule.actions ?? []).flatMap((own: Map) => {
    const { action: name, actionner, parameters = {} } = merged(actions.get(own?.action), own)
    const row = Object.hasOwn(TALON, actionner ?? '') ? TALON[actionner] : undefined
    const refused = (reason: string) => {
      note(String(name), 'refused', reason)
      return []
    }
    if (!row) return refused(`there is no actionner ${String(actionner)}`)
    if (row.becomes === undefined) return refused(row.note)
    const unknown = Object.keys(parameters).find(key => !Object.hasOwn(row.params!, key))
    // What a parameter would have spared must not be acted on.
    if (unknown !== undefined) return refused(`${actionner} with ${unknown}: there is no such parameter`)
    note(String(name), 'better', row.note)
    const pairs = Object.entries(parameters).flatMap(([key, value]) =>
      row.params![key] ? [[row.params![key], value]] : [],
    )
    return [{ [row.becomes]: Object.fromEntries(pairs) }]
  })
}

const field = (text: string): Operand => {
  const [, name, arg] = /^([^[\]]+)\[([^\]]*)\]$/.exec(text) ?? [undefined, text, undefined]
  return { kind: 'field', name: name!, ...(arg !== undefined && { arg }) } as Operand
}
const literal = (text: string): Operand => ({ kind: 'literal', text }) as Operand
const check = (left: Operand, op: string, right: Operand | Operand[]): Condition =>
  ({ kind: 'check', left, op, right }) as Condition
const not = (child: Condition): Condition => ({ kind: 'not', child }) as Condition
const all = (kind: 'and' | 'or', children: Condition[]): Condition =>
  children.length === 1 ? children[0]! : ({ kind, children } as Condition)

/** `match`: each of its keys must hold. */
function conditionOf(match: Map, error: (reason: string, path: Path) => Error): Condition {
  const { rules = [], priority, source, tags = [], output_fields = [] } = match
  const parts: Condition[] = []
  if (rules.length > 0)
    parts.push(
      check(
        field('alert.rule'),
        'in',
        rules.map((name: unknown) => literal(String(name))),
      ),
    )
  if (priority !== undefined && priority !== '') {
    const [, op = '', name = ''] = /^(<=|>=|<|>|=)?\s*(\w+)$/.exec(String(priority)) ?? []
    if (parsePriority(name) === undefined)
      throw error(`priority must be one of ${PRIORITIES.join(', ')}, with <, <=, > or >= before it`, [
        'match',
        'priority',
      ])
    parts.push(check(field('alert.priority'), op || '=', literal(name)))
  }
  if (source) parts.push(check(field('alert.source'), '=', literal(String(source))))
  const words = (text: unknown) =>
    String(text)
      .split(',')
      .map(word => word.trim())
      .filter(Boolean)
  if (tags.length > 0)
    parts.push(
      all(
        'or',
        tags.map((line: unknown) =>
          all(
            'and',
            words(line).map(tag => check(field('alert.tags'), 'intersects', [literal(tag)])),
          ),
        ),
      ),
    )
  if (output_fields.length > 0)
    parts.push(
      all(
        'or',
        output_fields.map((line: unknown, i: number) =>
          all(
            'and',
            words(line).map(word => {
              const [, name, op, value] = /^([^!=]+)(!?=)(.*)$/.exec(word) ?? []
              if (name === undefined)
                throw error(`"${word}" is not FIELD=VALUE or FIELD!=VALUE`, ['match', 'output_fields', i])
              const equal = check(field(name.includes('[') ? name : `alert.field[${name}]`), '=', literal(value!))
              // As in falco-talon, an absent field is unequal.
              return op === '=' ? equal : not(equal)
            }),
          ),
        ),
      ),
    )
  if (parts.length === 0) parts.push({ kind: 'check', left: field('alert.rule'), op: 'exists' } as Condition)
  return all('and', parts)
}
