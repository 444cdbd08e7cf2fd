import { embeddedRules } from '../document/embedded.ts'
import { FormatError, format } from './format.ts'

/**
 * A file in canonical layout: a rules file, or the rules in a ConfigMap, Helm values or a Rulesfile object. The surrounding text is left
 * unchanged, and so are rules that are not in a block scalar.
 * @throws {FormatError} see `format`
 */
export function formatFile(content: string): string {
  const found = embeddedRules(content)
  if (found.length === 0) return format(content)
  return found.reduceRight((text, { from, to, text: single }) => {
    const start = text.lastIndexOf('\n', from) + 1
    // A list begins at its first item, a block scalar at the end of the line before.
    const begin = text[from] === '\n' ? from + 1 : start
    const isOwn = single === undefined && text.slice(begin, from).trim() === ''
    return isOwn ? text.slice(0, begin) + formatBlock(text, begin, to) + text.slice(to) : text
  }, content)
}

function formatBlock(content: string, from: number, to: number): string {
  const block = content.slice(from, to)
  // A comment may be further left than the items of a list.
  const indents = block.match(/^ *(?=[^\s#])/gm) ?? ['']
  const indent = indents.reduce((least, one) => (one.length < least.length ? one : least))
  let text: string
  try {
    text = format(block.replace(new RegExp(`^ {0,${indent.length}}`, 'gm'), ''))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const line = content.slice(0, from).split('\n').length - 1
    throw new FormatError(error.message, line + error.line, indent.length + error.column)
  }
  const indented = text.trimEnd().replace(/^(?=.)/gm, indent)
  return indented + (/\n[ \n]*$/.exec(block)?.[0].replace(/ /g, '').slice(0, 1) ?? '')
}
