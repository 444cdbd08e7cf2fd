import type { RulesFile } from '@falc/engine'
import { tooManyParts } from '@falc/engine/analysis'
import { isMap, isScalar, isSeq, type ParsedNode, parseAllDocuments } from 'yaml'

/** Rules in a file of another kind, with the file's path. */
export interface RulesText extends RulesFile {
  readonly path: string
  /** The value of a quoted or folded text: its places are not places of the file. */
  readonly isValue?: true
}

const LOOKS_LIKE_RULES = /^[ \t]*-[ \t]+(rule|macro|list|required_engine_version|required_plugin_versions)\s*:/m

/** Rules within a file of another kind. */
export interface Embedded {
  /** The key that has them. */
  readonly key: string
  /** Where they begin and end. */
  readonly from: number
  readonly to: number
  /** The value of a text that is not a block scalar. */
  readonly text?: string
}

/** The rules in a ConfigMap, Helm values or a Rulesfile object: block scalars and lists of items. None in a rules file. */
export function embeddedRules(content: string): Embedded[] {
  // A plain rules file is a list: it need not be parsed twice.
  if (/^(-|\s*#|\s*$|---)/.test(content) && !/^(apiVersion|kind|customRules|[\w-]+):/m.test(content)) return []
  // Reading it as rules reports that.
  if (tooManyParts(content) !== undefined) return []
  const found: Embedded[] = []
  let documents: ReturnType<typeof parseAllDocuments>
  try {
    // Neither is needed, and both take quadratic time.
    documents = parseAllDocuments(content, { logLevel: 'silent', prettyErrors: false, uniqueKeys: false })
  } catch {
    return []
  }
  if (!Array.isArray(documents) || documents.some(({ contents }) => isSeq(contents))) return []
  const visit = (node: ParsedNode | null, key: string): void => {
    if (isMap(node))
      for (const { key: name, value } of node.items as { key: unknown; value: ParsedNode | null }[])
        visit(value, isScalar(name) ? String(name.value) : key)
    else if (isSeq(node)) {
      const items = node.items as ParsedNode[]
      const isItem = (item: unknown) => isMap(item) && ['rule', 'macro', 'list'].some(name => item.has(name))
      if (items.length > 0 && items.every(isItem)) found.push({ key, from: node.range![0], to: node.range![1] })
      else for (const item of items) visit(item, key)
    } else if (isScalar(node) && typeof node.value === 'string' && LOOKS_LIKE_RULES.test(node.value)) {
      const [from, to] = node.range!
      if (node.type === 'BLOCK_LITERAL') found.push({ key, from: content.indexOf('\n', from), to })
      else found.push({ key, from, to, text: node.value })
    }
  }
  for (const { contents } of documents) visit(contents as ParsedNode | null, '')
  return found
}

/**
 * The rules that a file holds: the file itself, or what is embedded in it. What surrounds them is replaced with blanks, so that every
 * place is one of the file; of a quoted or folded text, there is only the value.
 */
export function rulesTexts(path: string, content: string): RulesText[] {
  const found = embeddedRules(content)
  if (found.length === 0) return [{ name: path, path, content }]
  return found.map(({ key, from, to, text }) => ({
    name: found.length === 1 ? path : `${path}#${key}`,
    path,
    content: text ?? blanked(content, from, to),
    ...(text !== undefined && { isValue: true as const }),
  }))
}

/** The text with everything outside `[from, to)` replaced with blanks; line breaks stay. */
function blanked(text: string, from: number, to: number): string {
  const blanks = (part: string) => part.replace(/[^\r\n]/g, ' ')
  return blanks(text.slice(0, from)) + text.slice(from, to) + blanks(text.slice(to))
}
