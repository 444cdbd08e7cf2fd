import type { Problem } from '../text/problem.ts'
import { SourceText } from '../text/source.ts'
import { Context, LoadFailure, problemsOf } from './context.ts'
import { at } from './decode.ts'
import type { Item } from './item.ts'
import { EngineTooOld, nameOf, readItem } from './read-item.ts'
import { parseRecovering } from './recover.ts'
import { checkSchema, type SchemaResult } from './schema.ts'
import type { YamlError, YamlNode } from './yaml.ts'

/** A rules file's items, each checked on its own. */
export interface ReadFile {
  readonly source: SourceText
  /** In the order of the file. Of an item that could not be read, only its name. */
  readonly items: readonly Item[]
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Part of the file could not be read: any name may be one that it defines. */
  readonly incomplete: boolean
  readonly schema: SchemaResult
}

/** Loading, stage 1: YAML text → items with their places. Never throws for what a file holds. */
export function read({ name, content }: { readonly name: string; readonly content: string }): ReadFile {
  const source = new SourceText(name, content)
  const context = Context.file(source)
  const found: Found = { items: [], errors: [], warnings: [], incomplete: false, tooNew: false }
  const { documents, errors: faults } = parseRecovering(source)
  found.errors.push(...faults.flatMap(fault => problemsOf(failureOf(fault, source, context))))
  found.incomplete = faults.length > 0
  for (const document of documents) readDocument(document, context, found)
  const { items, errors, warnings, incomplete } = found
  return { source, items, errors, warnings, incomplete, schema: checkSchema(faults.length > 0 ? [] : documents) }
}

interface Found {
  readonly items: Item[]
  readonly errors: Problem[]
  readonly warnings: Problem[]
  incomplete: boolean
  /** The file requires a newer engine: what follows may use features that this one does not have. */
  tooNew: boolean
}

function readDocument(document: YamlNode | undefined, context: Context, found: Found): void {
  if (document === undefined || isNull(document)) return
  if (document.kind !== 'seq') {
    const message =
      document.kind === 'scalar'
        ? 'Rules content is not yaml'
        : "Rules content is not yaml array of objects (each item starts with '- ')"
    found.errors.push(context.problem('LOAD_ERR_YAML_VALIDATE', message))
    found.incomplete = true
    return
  }
  for (const node of document.items) if (!isNull(node)) readNode(node, context, found)
}

/** Reads an item; after an error, reading continues with the next one. */
function readNode(node: YamlNode, context: Context, found: Found): void {
  try {
    if (!found.tooNew) {
      const item = readItem(node, context, found.warnings)
      found.items.push(item)
      const named = nameOf(node)
      const where = named ? at(context, named.kind, named.name, node) : context
      warnOfDuplicates(node, where, found.warnings)
      return
    }
  } catch (error) {
    found.errors.push(...problemsOf(error))
    found.tooNew = error instanceof EngineTooOld
  }
  const named = nameOf(node)
  if (named)
    found.items.push({
      kind: 'failed',
      of: named.kind,
      name: named.name,
      context: at(context, named.kind, named.name, node),
    })
}

/** A file with this many warnings gets none about further duplicate keys. */
const MAX_DUPLICATES = 1000

function warnOfDuplicates(node: YamlNode, context: Context, warnings: Problem[]): void {
  if (node.kind === 'seq') for (const item of node.items) warnOfDuplicates(item, context, warnings)
  if (node.kind !== 'map') return
  for (const { key, keyOffset } of node.duplicates) {
    if (warnings.length > MAX_DUPLICATES) return
    const first = context.source.place(node.entries.get(key)!.keyOffset)
    const message =
      warnings.length < MAX_DUPLICATES
        ? `Key '${key}' already appears on line ${first.line}; this one is ignored`
        : 'Further keys that already appear are not listed; they are ignored'
    warnings.push(context.at('value for', key, keyOffset, key.length).problem('LOAD_DUPLICATE_KEY', message))
  }
  for (const { value } of node.entries.values()) warnOfDuplicates(value, context, warnings)
}

function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.isNull
}

function failureOf({ offset, length, message }: YamlError, source: SourceText, context: Context): LoadFailure {
  // Something missing at the end of the file is shown after its last character.
  const place = Math.min(offset, source.content.trimEnd().length)
  return new LoadFailure(context.at('value for', '', place, length), 'LOAD_ERR_YAML_PARSE', message)
}
