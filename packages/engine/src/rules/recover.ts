import { SourceText } from '../text/source.ts'
import { parseYaml, YamlError, YamlMistake, type YamlNode } from './yaml.ts'

export interface Recovered {
  readonly documents: readonly (YamlNode | undefined)[]
  /** By place; with any, `documents` has the items without one. */
  readonly errors: readonly YamlError[]
}

/** Errors of one file that are looked for: each costs another reading. */
const MAX_ERRORS = 10
/** Characters that are read again for them, in all: ten times the largest public rules file. A megabyte takes half a second. */
const MAX_READ_AGAIN = 2_000_000

/**
 * The documents of a rules file. Of one that is not YAML, all mistakes and what can be read: an item with a mistake is made blank, so that
 * the others keep their places, and the rest is read again: up to ten times, and not so often if the file is large.
 */
export function parseRecovering(source: SourceText): Recovered {
  const errors: YamlError[] = []
  let text = source.content
  while (errors.length < MAX_ERRORS && errors.length * text.length <= MAX_READ_AGAIN) {
    try {
      const documents = parseYaml(errors.length === 0 ? source : new SourceText(source.name, text))
      return { documents, errors: inOrder(errors) }
    } catch (error) {
      if (!(error instanceof YamlError)) throw error
      errors.push(error)
      const blank = error instanceof YamlMistake ? withoutItem(text, error.offset) : undefined
      if (blank === undefined) break
      text = blank
    }
  }
  return { documents: [], errors: inOrder(errors) }
}

function inOrder(errors: readonly YamlError[]): YamlError[] {
  return errors.toSorted((a, b) => a.offset - b.offset)
}

/** The text with blanks in place of the item at `offset`; undefined when there is no item there, or no other. */
function withoutItem(text: string, offset: number): string | undefined {
  const starts = [...text.matchAll(/^-[ \t]+\w/gm)].map(({ index }) => index)
  const from = starts.findLast(start => start <= offset)
  if (from === undefined || starts.length < 2) return undefined
  const to = starts.find(start => start > from) ?? text.length
  return text.slice(0, from) + text.slice(from, to).replace(/[^\r\n]/g, ' ') + text.slice(to)
}
