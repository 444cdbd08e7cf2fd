import type { FieldUse, RuleUse, Unmatched } from '@falc/engine'
import { Skip } from '../capture/skips.ts'
import { EVENTS, EventFlag } from '../events/table.ts'
import { NEEDS, PARTS, type Part } from '../state/parts.ts'
import { actionOf } from '../state/skip-events.ts'
import { demandOf } from './demand.ts'
import { partsRead } from './fields-read.ts'

/** A field that reads a part of the state, and the rules that name it. */
export interface Reader {
  readonly field: string
  readonly conditions: readonly string[]
  readonly outputs: readonly string[]
}

export interface PartDemand {
  readonly part: Part
  readonly kept: boolean
  readonly readers: readonly Reader[]
  /** Kept parts that are made from this one. */
  readonly neededBy: readonly Part[]
}

/**
 * The treatment of an event type in a replay. `matched`: rules see its events. `state`: they only change the state. `checked`: they are
 * read if the header does not decide whether they do. `skipped`: they are not read.
 */
export type Treatment = 'matched' | 'state' | 'checked' | 'skipped'

export interface TypeDemand {
  /** evt.type */
  readonly type: string
  readonly treatment: Treatment
  /** The rules that may match. */
  readonly rules: readonly string[]
}

/** Events among those that rules may match, of which some are passed over even so. */
export interface ClassDemand {
  readonly class: string
  /** evt.type of those passed over. */
  readonly types: readonly string[]
  /** If one of these is in the path, the event is read. */
  readonly texts: readonly string[]
  /** Rules for which the others are read. */
  readonly rules: readonly string[]
}

export interface DemandReport {
  readonly parts: readonly PartDemand[]
  readonly types: readonly TypeDemand[]
  readonly classes: readonly ClassDemand[]
}

/**
 * What the rules make a replay keep and read, and which of them does.
 * @param unmatched `Engine.unmatched` of the same rules, in the same order
 */
export function explainDemand(uses: readonly RuleUse[], unmatched: Unmatched = {}): DemandReport {
  const all = uses.flatMap(({ condition, output }) => [...condition, ...output])
  const wanted = uses.flatMap(({ types }) => (types === 'all' ? EVENTS.map(({ id }) => id) : types))
  const demand = demandOf(wanted, all)
  return {
    parts: PARTS.map(part => ({
      part,
      kept: demand.parts.has(part),
      readers: readersOf(part, uses),
      neededBy: [...demand.parts].filter(other => NEEDS[other].includes(part)),
    })),
    types: EVENTS.filter(isCurrent).map(({ id, name, code }) => ({
      type: code === 'GENERIC_X' ? 'calls without a type of their own' : name,
      treatment: treatmentOf(actionOf(id, demand), demand.wanted.has(id)),
      rules: uses.filter(({ types }) => types === 'all' || types.includes(id)).map(({ rule }) => rule),
    })),
    classes: Object.entries(unmatched)
      .filter(([name]) => !ONLY_LIVE.has(name))
      .map(([name, { types, texts, rules }]) => ({
        class: name,
        types: types.filter(id => demand.wanted.has(id)).map(id => EVENTS[id]!.name),
        texts,
        rules: rules.map(position => uses[position]!.rule),
      }))
      .filter(({ types, rules }) => types.length > 0 || rules.length > 0),
  }
}

/** A replay passes over none of these: they decide what the kernel leaves out. */
const ONLY_LIVE: ReadonlySet<string> = new Set([
  'fileUses',
  'directoryUses',
  'startedOpens',
  'pathCalls',
  'environmentUses',
  'failedExecs',
])

function readersOf(part: Part, uses: readonly RuleUse[]): Reader[] {
  const readers = new Map<string, { field: string; conditions: string[]; outputs: string[] }>()
  const readerOf = (use: FieldUse) => {
    const field = use.arg === undefined ? use.name : `${use.name}[${use.arg}]`
    const known = readers.get(field) ?? { field, conditions: [], outputs: [] }
    readers.set(field, known)
    return known
  }
  for (const { rule, condition, output } of uses) {
    for (const use of condition) if (partsRead(use).includes(part)) readerOf(use).conditions.push(rule)
    for (const use of output) if (partsRead(use).includes(part)) readerOf(use).outputs.push(rule)
  }
  return [...readers.values()]
}

/** Exit events of calls, and events of other kinds, in the form that is recorded today. */
function isCurrent({ flags, enter, code }: (typeof EVENTS)[number]): boolean {
  if ((flags & (EventFlag.unused | EventFlag.old_version)) !== 0) return false
  return !enter || !EVENTS.some(other => other.code === code.replace(/_E$/, '_X'))
}

function treatmentOf(action: number, wanted: boolean): Treatment {
  if (wanted) return 'matched'
  if (action === Skip.take) return 'state'
  if (action === Skip.closes || action === Skip.judged) return 'state'
  // A thread that is not known yet is the only reason to read these.
  return action === Skip.skip || action === Skip.drop || action === Skip.unlessStranger ? 'skipped' : 'checked'
}
