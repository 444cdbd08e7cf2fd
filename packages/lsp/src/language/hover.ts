import type { FieldDef } from '@falc/engine'
import { OPERATORS, parseOperator, TRANSFORMERS } from '@falc/engine/analysis'
import { KEYS } from '../document/keys.ts'
import type { ItemKind, Range } from '../document/outline.ts'
import type { Token } from '../document/token.ts'
import type { SourceWords } from '../vocabulary.ts'
import { type DefinedIn, effectiveKey, type View } from '../workspace/view.ts'

/** Markdown about a range. */
export interface Hover extends Range {
  readonly text: string
}

export function hover(view: View, offset: number): Hover | undefined {
  const named = view.nameAt(offset)
  if (named && view.isDefined(named.kind, named.text)) {
    const text = nameDoc(view, named.kind, named.text)
    return { from: named.from, to: named.to, text }
  }
  const part = view.rules.partAt(offset)
  const at = part?.tokens.findIndex(({ from, to }) => offset >= from && offset <= to) ?? -1
  if (!part || at < 0) return keyHover(view, offset)
  const token = part.tokens[at]!
  const text = tokenDoc(token, part.tokens[at + 1], view.sourceOf(part.item), view)
  return text === undefined ? undefined : { from: token.from, to: token.to, text }
}

function tokenDoc(token: Token, next: Token | undefined, source: SourceWords, view: View): string | undefined {
  switch (token.kind) {
    case 'field': {
      const argument = next?.text === '[' ? '' : undefined
      return fieldDoc(token.text, argument, source) ?? elsewhere(token.text, view)
    }
    case 'operator':
      return operatorDoc(token.text)
    case 'modifier':
      return `\`${token.text}\`: ${MODIFIER_DOCS[token.text]}`
    case 'transformer':
      return transformerDoc(token.text)
    default:
      return undefined
  }
}

const MODIFIER_DOCS: Readonly<Record<string, string>> = {
  oneof: 'holds for exactly one of the values.',
  anyof: 'holds for at least one of the values.',
  allof: 'holds for all of the values.',
}

function elsewhere(name: string, view: View): string | undefined {
  const other = view.words.sourceOf(name)
  return other && `\`${name}\` is a field of source \`${other.name}\`.`
}

export function fieldDoc(name: string, argument: string | undefined, source: SourceWords): string | undefined {
  const declared = source.fields.find(field => field.name === name)
  const field = source.field(name, argument)
  const def = field?.def ?? declared?.def
  if (!def) return undefined
  const type = field?.type ?? def.type
  const facts = [
    `${def.list ? 'list of ' : ''}${type}`,
    ...(def.arg === 'required' ? ['needs an argument'] : def.arg === 'optional' ? ['may have an argument'] : []),
    ...(def.anyOf ? ['any of several values may match'] : []),
    ...(def.filterOnly ? ['for conditions only'] : []),
    ...(def.deprecated ? ['**deprecated**'] : []),
  ]
  return `\`${field?.name ?? name}\` (${facts.join(', ')}; ${source.name})\n\n${sentence(def)}`
}

function sentence({ doc }: FieldDef): string {
  return doc.endsWith('.') ? doc : `${doc}.`
}

export function operatorDoc(written: string): string | undefined {
  const op = parseOperator(written)?.op
  if (op === undefined) return undefined
  const { doc, kinds } = OPERATORS[op]
  return `\`${written}\`: ${doc}.\n\nCompares ${kinds.join(', ')}.`
}

export function transformerDoc(name: string): string | undefined {
  if (name === 'val') return '`val(field)`: the value of another field of the event.'
  const transformer = Object.hasOwn(TRANSFORMERS, name) ? TRANSFORMERS[name as keyof typeof TRANSFORMERS] : undefined
  return transformer && `\`${name}(…)\`: ${transformer.doc}.`
}

/** An item with all its changes, as the last file leaves it. */
export function nameDoc(view: View, kind: ItemKind, name: string): string {
  const sites = view.definitions(kind, name)
  const places = sites.map(({ file, definition }) => `${definition.change} in ${plain(fileName(file.uri))}`)
  const history = sites.length > 1 ? `\n\n${places.join(', ')}` : ''
  return `**${kind}** ${plain(name)}${BODY[kind](sites)}${history}`
}

const BODY: Readonly<Record<ItemKind, (sites: readonly DefinedIn[]) => string>> = {
  list(sites) {
    const items = effectiveKey(sites, 'items')
    const shown = items.slice(0, 50).join(', ')
    return code(items.length > 50 ? `${shown}, … (${items.length} items)` : shown)
  },
  macro: sites => code(effectiveKey(sites, 'condition').map(flat).join(' ')),
  rule(sites) {
    const text = (key: string) => effectiveKey(sites, key).map(flat).join(' ')
    const facts = ['priority', 'source', 'tags', 'enabled'].flatMap(key => {
      const value = key === 'tags' ? effectiveKey(sites, key).join(', ') : text(key)
      return value === '' ? [] : [`${key}: ${plain(value)}`]
    })
    return `\n\n${plain(text('desc'))}${code(text('condition'))}\n${code(text('output'))}\n\n${facts.join(' · ')}`
  },
}

/** An author's text as it is: no link, and no picture that a server would be asked for. */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#!<>|~&]/g, '\\$&')
}

function code(text: string): string {
  // The text is an author's: it must not end the block.
  return `\n\n\`\`\`text\n${text.slice(0, 4000).replaceAll('```', "'''")}\n\`\`\``
}

function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

export function fileName(uri: string): string {
  return decodeURIComponent(uri.slice(uri.lastIndexOf('/') + 1))
}

function keyHover(view: View, offset: number): Hover | undefined {
  const item = view.rules.itemAt(offset)
  const key = item?.entries.find(({ key }) => offset >= key.from && offset <= key.to)?.key
  const doc = item && key ? KEYS[item.kind][key.text] : undefined
  return doc && { from: key!.from, to: key!.to, text: `\`${key!.text}\`: ${doc.doc}` }
}
