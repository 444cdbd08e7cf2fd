import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A case of a case file: its title and its named sections. */
export interface Case {
  readonly title: string
  /** Texts by section name, in order, each ending with a newline (empty ones are empty). */
  readonly sections: ReadonlyMap<string, string>
}

/**
 * Reads the case files of a folder. A line `=== TITLE` starts a case, a line `--- NAME` a section of it; what stands
 * before the first section is a comment.
 */
export function readCases(folder: URL): { file: string; cases: Case[] }[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.txt'))
    .sort()
    .map(file => ({ file, cases: parseCases(readFileSync(join(folder.pathname, file), 'utf8')) }))
}

function parseCases(text: string): Case[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .map(block => {
      const [head, ...parts] = block.split(/^--- /m)
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
      return { title: head!.split('\n')[0]!.trim(), sections }
    })
}
