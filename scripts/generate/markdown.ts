import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

/** A Markdown table; bars in cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** What links within a page call a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

/** Text in the form that `biome check` asks of the repository's Markdown. @throws {Error} when biome does not run */
export function formatted(markdown: string): string {
  const biome = resolve(ROOT, 'node_modules/@biomejs/biome/bin/biome')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'format', '--stdin-file-path=docs/generated.md'],
    { cwd: ROOT, input: markdown, encoding: 'utf8', maxBuffer: 64 << 20 },
  )
  if (status !== 0) throw new Error(`biome format: ${stderr}`)
  return stdout
}

/** A page of docs as it is, with what is between `<!-- name -->` and `<!-- end of name -->` made anew. @throws {Error} when it lacks these */
export function filledPage(name: string, parts: Readonly<Record<string, string>>): string {
  let page = readFileSync(resolve(import.meta.dirname, '../../docs', name), 'utf8')
  for (const [part, text] of Object.entries(parts)) {
    const [from, to] = [`<!-- ${part} -->`, `<!-- end of ${part} -->`]
    const [start, end] = [page.indexOf(from), page.indexOf(to)]
    if (start < 0 || end < 0) throw new Error(`docs/${name} lacks the comments ${from} and ${to}`)
    page = `${page.slice(0, start + from.length)}\n\n${text}\n\n${page.slice(end)}`
  }
  return page
}
