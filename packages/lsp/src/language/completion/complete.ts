import { TACTICS } from '@falc/authoring'
import { PRIORITIES } from '@falc/engine'
import { type Kind, MODIFIERS, OPERATORS, type OperatorName, TRANSFORMERS } from '@falc/engine/analysis'
import { KEYS } from '../../document/keys.ts'
import { entryOf, type ItemKind, type Range, wordsIn } from '../../document/outline.ts'
import type { Expected } from '../../document/token.ts'
import type { SourceWords } from '../../vocabulary.ts'
import type { View } from '../../workspace/view.ts'
import { fieldDoc, nameDoc, operatorDoc, transformerDoc } from '../hover.ts'
import { type Context, contextAt } from './context.ts'

export type CompletionKind =
  | 'field'
  | 'operator'
  | 'macro'
  | 'list'
  | 'rule'
  | 'transformer'
  | 'keyword'
  | 'value'
  | 'key'

/** A word that may be written at the cursor. */
export interface Completion {
  readonly label: string
  readonly kind: CompletionKind
  readonly detail?: string
  readonly insert?: string
  /** With `insert`: `$0` in it is where the cursor goes. */
  readonly snippet?: true
}

export interface Completions {
  /** What a completion replaces. */
  readonly range: Range
  readonly items: readonly Completion[]
  /** The source whose fields are offered. */
  readonly source: SourceWords
  /** There are more than are worth sending: ask again when more letters are known. */
  readonly incomplete: boolean
}

/** Completions in one answer. */
const MAX_ITEMS = 1000

export function complete(view: View, offset: number): Completions | undefined {
  const context = contextAt(view, offset)
  if (!context) return undefined
  const source = view.sourceOf(context.item)
  const typed = view.rules.text.slice(context.from, context.to).toLowerCase()
  const all = [...offers(view, context, source)]
  // Below the limit the editor filters, by its own rules.
  const items = all.length <= MAX_ITEMS ? all : all.filter(({ label }) => label.toLowerCase().includes(typed))
  const range = { from: context.from, to: context.to }
  return {
    range,
    items: items.slice(0, MAX_ITEMS),
    source,
    incomplete: items.length < all.length || items.length > MAX_ITEMS,
  }
}

function* offers(view: View, context: Context, source: SourceWords): Generator<Completion> {
  switch (context.at) {
    case 'condition':
      yield* inCondition(view, context.expected, source)
      return
    case 'output':
      yield* fields(source, ({ filterOnly }) => !filterOnly)
      yield* transformers()
      return
    case 'key':
      yield* keys(context)
      return
    case 'value':
      yield* values(view, context, source)
  }
}

function* inCondition(view: View, expected: Expected, source: SourceWords): Generator<Completion> {
  switch (expected.what) {
    case 'check':
      yield* fields(source)
      yield* names(view, 'macro')
      yield* transformers()
      yield { label: 'not', kind: 'keyword' }
      return
    case 'operator':
      for (const op of operatorsFor(source, expected.left))
        yield { label: op, kind: 'operator', detail: OPERATORS[op].doc }
      return
    case 'value':
      for (const label of source.valuesOf(expected.left)) yield { label, kind: 'value' }
      if (OPERATORS[expected.op as OperatorName]?.form === 'string')
        for (const label of MODIFIERS) yield { label, kind: 'keyword' }
      yield {
        label: 'val',
        kind: 'transformer',
        detail: 'the value of another field',
        insert: 'val($0)',
        snippet: true,
      }
      return
    case 'list':
      yield { label: '(…)', kind: 'keyword', detail: 'a list', insert: '($0)', snippet: true }
      return
    case 'item':
      yield* names(view, 'list')
      for (const label of source.valuesOf(expected.left)) yield { label, kind: 'value' }
      return
    case 'call':
      yield* fields(source)
      yield* transformers()
      return
    case 'conjunction':
      for (const label of ['and', 'or']) yield { label, kind: 'keyword' }
      return
    case 'argument':
  }
}

function* fields(source: SourceWords, fits = (_: SourceWords['fields'][number]['def']) => true): Generator<Completion> {
  for (const { name, def } of source.fields)
    if (fits(def)) yield { label: name, kind: 'field', detail: `${def.type}${def.deprecated ? ', deprecated' : ''}` }
}

function* transformers(): Generator<Completion> {
  for (const [label, { doc }] of Object.entries(TRANSFORMERS))
    yield { label, kind: 'transformer', detail: doc, insert: `${label}($0)`, snippet: true }
}

function* names(view: View, kind: ItemKind): Generator<Completion> {
  for (const label of view.names(kind)) yield { label, kind, detail: kind }
}

/** The operators that compare values of a field's type. */
export function operatorsFor(source: SourceWords, field: string): OperatorName[] {
  const kind: Kind = source.kindOf(field)
  const list = source.field(field)?.list ?? false
  return (Object.keys(OPERATORS) as OperatorName[]).filter(op => {
    const { kinds, lists } = OPERATORS[op]
    return kinds.includes(kind) && (!list || lists === true)
  })
}

function* keys({ of, present, item }: Extract<Context, { at: 'key' }>): Generator<Completion> {
  const table = of === 'item' ? KEYS[item!.kind] : KEYS[of]
  for (const [label, { doc, value }] of Object.entries(table)) {
    if (present.includes(label)) continue
    const indent = ' '.repeat((item?.entries[0]?.indent ?? 2) + 2)
    const body = value?.replace('\n', `\n${indent}`)
    const insert = `${label}: ${body ?? '$0'}`
    yield { label, kind: 'key', detail: doc, insert, snippet: true }
  }
}

const BOOLEANS: readonly string[] = ['enabled', 'capture', 'append', 'warn_evttypes', 'skip-if-unknown-filter']

function* values(
  view: View,
  { key, exception, item }: Extract<Context, { at: 'value' }>,
  source: SourceWords,
): Generator<Completion> {
  if (exception) {
    if (key === 'fields') yield* fields(source)
    else if (key === 'comps') for (const label of Object.keys(OPERATORS)) yield { label, kind: 'operator' }
    else if (key === 'values') yield* names(view, 'list')
  } else if (key === 'priority') for (const label of PRIORITIES) yield { label: label.toUpperCase(), kind: 'value' }
  else if (key === 'source') for (const { name } of view.words.sources) yield { label: name, kind: 'value' }
  else if (key === 'tags') yield* tags(view)
  else if (key === 'items') yield* names(view, 'list')
  else if (key === 'override')
    for (const label of ['append', 'replace', ...(item?.entries ?? []).map(entry => entry.key.text)])
      yield { label, kind: 'keyword' }
  else if (BOOLEANS.includes(key)) for (const label of ['true', 'false']) yield { label, kind: 'value' }
  else if (item && key === item.kind) yield* names(view, item.kind)
}

function* tags(view: View): Generator<Completion> {
  const used = view.project.flatMap(({ rules }) =>
    rules.items.flatMap(item => {
      const entry = item.kind === 'rule' ? entryOf(item, 'tags') : undefined
      return entry ? wordsIn(rules.text, entry.value).map(({ text }) => text) : []
    }),
  )
  for (const label of new Set([...[...TACTICS].map(tactic => `mitre_${tactic}`), ...used]))
    yield { label, kind: 'value' }
}

/** What a completion means: asked for one at a time, since all together are long. */
export function docOf(view: View, kind: CompletionKind, label: string, source: SourceWords): string | undefined {
  switch (kind) {
    case 'field':
      return fieldDoc(label, undefined, source)
    case 'operator':
      return operatorDoc(label)
    case 'transformer':
      return transformerDoc(label)
    case 'macro':
    case 'list':
    case 'rule':
      return nameDoc(view, kind, label)
    default:
      return undefined
  }
}
