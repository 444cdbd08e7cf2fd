/** Parses Markdown as far as the checks of this repository need it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

/** Files that git tracks or would track, relative to the root. */
export function trackedFiles(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const gone = new Set(execFileSync('git', ['ls-files', '--deleted'], { cwd: ROOT, encoding: 'utf8' }).split('\n'))
  const names = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\n')
  return names.filter(name => name !== '' && !gone.has(name))
}

export interface Block {
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** The first word of the info string; empty for a plain fence. */
  readonly language: string
  /** Further words: `name=value`, or `name` for `name=`. */
  readonly marks: ReadonlyMap<string, string>
  /** Without the fence's indentation, ending with a newline. */
  readonly text: string
}

export interface Page {
  /** Relative to the root. */
  readonly path: string
  /** Without fenced blocks, with the same line numbers. */
  readonly prose: readonly string[]
  readonly blocks: readonly Block[]
}

export function readPage(path: string): Page {
  const prose: string[] = []
  const blocks: Block[] = []
  let open: { indent: string; line: number; info: string; lines: string[] } | undefined
  for (const [i, line] of readFileSync(join(ROOT, path), 'utf8').split('\n').entries()) {
    const fence = /^( *)```(.*)$/.exec(line)
    if (open === undefined) {
      prose.push(fence ? '' : line)
      if (fence) open = { indent: fence[1]!, line: i + 1, info: fence[2]!.trim(), lines: [] }
      continue
    }
    prose.push('')
    if (fence && fence[2] === '') {
      const [language = '', ...marks] = open.info.split(/\s+/)
      const split = marks.map(mark => mark.split(/=(.*)/s) as [string, string?])
      blocks.push({
        line: open.line,
        language,
        marks: new Map(split.map(([name, value = '']) => [name, value])),
        text: `${open.lines.join('\n')}\n`,
      })
      open = undefined
    } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
  }
  if (open) throw new Error(`${path}:${open.line}: a block that is not closed`)
  return { path, prose, blocks }
}

export function readPages(): Page[] {
  return trackedFiles()
    .filter(name => name.endsWith('.md'))
    .map(readPage)
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>()
  for (const line of page.prose) {
    const heading = /^#{1,6} (.*)$/.exec(line)?.[1]
    if (heading === undefined) continue
    const text = heading.replace(/`|\*|\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-')
    for (let n = 0; ; n++) {
      const anchor = n === 0 ? slug : `${slug}-${n}`
      if (anchors.has(anchor)) continue
      anchors.add(anchor)
      break
    }
  }
  return anchors
}

export interface Link {
  readonly line: number
  readonly target: string
}

export function linksOf(page: Page): Link[] {
  return page.prose.flatMap((text, i) =>
    [...text.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)|(?:src|href)="([^"]+)"/g)].map(
      ([, link, attribute]) => ({ line: i + 1, target: (link ?? attribute)! }),
    ),
  )
}

/** Texts between backticks, with their lines. */
export function codeSpansOf(page: Page): { line: number; text: string }[] {
  return page.prose.flatMap((text, i) =>
    [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => ({ line: i + 1, text: code! })),
  )
}
