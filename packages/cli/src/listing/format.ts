import { CliError } from '../fail.ts'

export type ListFormat = 'text' | 'markdown' | 'json'

/** @throws {CliError} */
export function parseFormat(name: string | undefined): ListFormat {
  if (name === undefined || name === 'text') return 'text'
  if (name === 'markdown' || name === 'json') return name
  throw new CliError(`unknown format "${name}": text, markdown or json`)
}

/** A Markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

/** Two columns, the second one wrapped to the width of a terminal; a first cell longer than `most` has a line of its own. */
export function columns(rows: readonly (readonly [string, string])[], most = 32): string {
  const left = Math.min(most, Math.max(...rows.map(([name]) => name.length))) + 2
  return rows
    .map(([name, text]) => {
      const gap =
        name.length > left - 2
          ? `
${' '.repeat(left)}`
          : ' '.repeat(left - name.length)
      return `${name}${gap}${wrap(text, left, left + 70)}
`
    })
    .join('')
}

function wrap(text: string, indent: number, width: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width - indent) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? word : ` ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
