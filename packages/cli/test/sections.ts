import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A case of a case file: its title and its named sections. */
export interface Case {
  readonly title: string
  /** Texts by section name, in order, each ending with a newline (empty ones are empty). */
  readonly sections: ReadonlyMap<string, string>
}

/**
 * Reads the case files of a folder. A line `=== TITLE` starts a case, a line `--- NAME` a section of it. Sections that
 * stand before the first case are part of every case that has no section of that name; what comes before is a comment.
 */
export function readCases(folder: URL): { file: string; cases: Case[] }[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.txt'))
    .sort()
    .map(file => ({ file, cases: parseCases(readFileSync(join(folder.pathname, file), 'utf8')) }))
}

function parseCases(text: string): Case[] {
  const [common, ...blocks] = text.split(/^=== /m)
  const shared = parseSections(common!)
  return blocks.map(block => ({
    title: block.split('\n')[0]!.trim(),
    sections: new Map([...shared, ...parseSections(block)]),
  }))
}

function parseSections(block: string): Map<string, string> {
  const [, ...parts] = block.split(/^--- /m)
  const sections = new Map<string, string>()
  for (const part of parts) {
    const end = part.indexOf('\n')
    // Blank lines before the next section belong to the layout of the file.
    sections.set(
      part.slice(0, end).trim(),
      part
        .slice(end + 1)
        .replace(/\n+$/, '\n')
        .replace(/^\n$/, ''),
    )
  }
  return sections
}

/** Writes another text into a section of a case. */
export function updateCase(folder: URL, file: string, title: string, section: string, text: string): void {
  const path = join(folder.pathname, file)
  const blocks = readFileSync(path, 'utf8').split(/^(?==== )/m)
  const updated = blocks.map(block => {
    if (!block.startsWith(`=== ${title}\n`)) return block
    const parts = block.split(/^(?=--- )/m)
    const last = parts.length - 1
    return parts
      .map((part, i) =>
        part.startsWith(`--- ${section}\n`) ? `--- ${section}\n${text}${i === last ? '\n' : ''}` : part,
      )
      .join('')
  })
  writeFileSync(path, updated.join(''))
}
