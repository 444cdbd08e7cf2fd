/**
 * Case files: the one notation of all tests whose input and expected output are text.
 *
 *     Text before the first case is a comment.
 *
 *     --- rules.yaml
 *     a section before the first case belongs to every case that has no section of this name
 *
 *     === title of a case
 *     --- condition
 *     evt.type = open
 *     --- tree
 *     ("=" evt.type "open")
 *
 * Each test says which sections it reads. Blank lines at the end of a section are layout. A section that is a table holds
 * one check per line, `input => expected`; there, blank lines and lines that begin with `# ` are comments.
 *
 * With FALC_UPDATE=1, tests rewrite the expected texts instead of comparing them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

export const UPDATE = process.env.FALC_UPDATE === '1'

const CASE = '=== '
const SECTION = '--- '
const ARROW = ' => '

export interface CaseFile {
  readonly file: string
  readonly cases: readonly Case[]
}

export class Case {
  readonly title: string
  /** File and line of the title. */
  readonly at: string
  /** Texts by section name, in file order. A text is empty or ends with exactly one newline. */
  readonly sections: ReadonlyMap<string, string>
  readonly #path: string

  constructor(path: string, line: number, title: string, sections: ReadonlyMap<string, string>) {
    this.title = title
    this.at = `${basename(path)}:${line}`
    this.sections = sections
    this.#path = path
  }

  /** The text of a section without its last newline; empty when the case has no such section. */
  text(section: string): string {
    return (this.sections.get(section) ?? '').replace(/\n$/, '')
  }

  /** The lines of a section that are not empty. */
  lines(section: string): string[] {
    return this.text(section).split('\n').filter(Boolean)
  }

  /** Compares a section with the actual text, or rewrites it. */
  expect(section: string, actual: string): void {
    const text = oneNewline(actual)
    if (!UPDATE) expect(text, this.at).toBe(this.sections.get(section) ?? '')
    else if (text !== this.sections.get(section)) this.update(section, text)
  }

  /** The rows of a table. */
  rows(section: string): { readonly input: string; readonly expected: string }[] {
    return this.lines(section).flatMap(line => {
      if (line.startsWith('# ')) return []
      const at = line.lastIndexOf(ARROW)
      if (at < 0 && !line.endsWith(ARROW.trimEnd()))
        throw new Error(`${this.at}: expected 'input => output' in: ${line}`)
      return at < 0
        ? [{ input: line.slice(0, -ARROW.trimEnd().length), expected: '' }]
        : [{ input: line.slice(0, at), expected: line.slice(at + ARROW.length) }]
    })
  }

  /**
   * Compares every row of a table with the output for its input, or rewrites the table. `output` may return the expected
   * text itself where that leaves something open.
   */
  expectRows(section: string, output: (input: string, expected: string) => string): void {
    const rows = this.rows(section)
    const actual = rows.map(({ input, expected }) => `${input}${ARROW}${output(input, expected)}`.trimEnd())
    if (!UPDATE)
      expect(actual, this.at).toEqual(rows.map(({ input, expected }) => `${input}${ARROW}${expected}`.trimEnd()))
    else {
      const written = this.text(section).split('\n')
      const isRow = (line: string) => line !== '' && !line.startsWith('# ')
      this.update(section, `${written.map(line => (isRow(line) ? actual.shift() : line)).join('\n')}\n`)
    }
  }

  /** Writes another text into a section of this case, which the file must hold. */
  update(section: string, text: string): void {
    const blocks = readFileSync(this.#path, 'utf8').split(/^(?==== )/m)
    const updated = blocks.map(block => {
      if (!block.startsWith(`${CASE}${this.title}\n`)) return block
      const parts = block.split(/^(?=--- )/m)
      const at = parts.findIndex(part => part.startsWith(`${SECTION}${section}\n`))
      if (at < 0) throw new Error(`${this.at}: no section '${section}' to rewrite`)
      parts[at] = `${SECTION}${section}\n${oneNewline(text)}${at === parts.length - 1 ? '\n' : ''}`
      return parts.join('')
    })
    writeFileSync(this.#path, `${updated.join('').trimEnd()}\n`)
  }
}

/**
 * Reads the case files (`*.txt`) of a folder, in the order of their names.
 * @throws when a file is malformed: text outside of sections, or a title or a section that occurs twice
 */
export function readCases(folder: URL): CaseFile[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.txt'))
    .sort()
    .map(file => ({ file, cases: readCaseFile(new URL(file, folder)) }))
}

/** Reads one case file. */
export function readCaseFile(file: URL): Case[] {
  const path = fileURLToPath(file)
  const [head, ...blocks] = readFileSync(path, 'utf8').split(/^=== /m)
  const shared = sectionsOf(head!, basename(path))
  let line = head!.split('\n').length
  const titles = new Set<string>()
  return blocks.map(block => {
    const title = block.slice(0, block.indexOf('\n')).trim()
    const at = `${basename(path)}:${line}`
    if (titles.has(title)) throw new Error(`${at}: a second case '${title}'`)
    titles.add(title)
    const own = sectionsOf(block.slice(block.indexOf('\n') + 1), at, true)
    const one = new Case(path, line, title, new Map([...shared, ...own]))
    line += block.split('\n').length - 1
    return one
  })
}

function sectionsOf(block: string, at: string, strict = false): Map<string, string> {
  const [before, ...parts] = block.split(/^--- /m)
  if (strict && before!.trim() !== '') throw new Error(`${at}: text outside of a section: ${before!.trim()}`)
  const sections = new Map<string, string>()
  for (const part of parts) {
    const end = part.indexOf('\n')
    const name = part.slice(0, end).trim()
    if (sections.has(name)) throw new Error(`${at}: a second section '${name}'`)
    sections.set(name, oneNewline(part.slice(end + 1)))
  }
  return sections
}

/** Blank lines at the end are layout. */
function oneNewline(text: string): string {
  const trimmed = text.replace(/\n+$/, '')
  return trimmed === '' ? '' : `${trimmed}\n`
}
