/** docs/editor.svg: a rules file as an editor shows it with the answers of the language server. */
import { lint } from '../../packages/authoring/src/index.ts'
import type { Source } from '../../packages/engine/src/index.ts'
import { complete } from '../../packages/lsp/src/language/completion/complete.ts'
import { coloredTokens } from '../../packages/lsp/src/language/semantic-tokens.ts'
import { Vocabulary } from '../../packages/lsp/src/vocabulary.ts'
import { View } from '../../packages/lsp/src/workspace/view.ts'
import { Workspace } from '../../packages/lsp/src/workspace/workspace.ts'

const RULES = `- list: web_servers
  items: [nginx, httpd, php-fpm]

- rule: Shell By Web Server
  desc: A web server started a shell
  condition: >
    evt.type = execve and proc.name = bash and proc.name = sh
    and proc.pname in (web_servers) and not container.image.repository in (ours, theirs)
  output: Shell (server=%proc.pname cmd=%proc.cmdline user=%user.name)
  priority: WARNING

- rule: Password File Read
  desc: A process read the password file
  condition: evt.type = openat and fd.name = /etc/shadow
  output: Password file read (file=%fd.nam cmd=%proc.cmdline user=%user.name)
  priority: NOTICE
`
/** Where a person is typing, in a text of their own: `|` is the cursor. */
const TYPED = '    and proc.p|'

const CHAR_PX = 7.8
const LINE_PX = 20
const LEFT_PX = 52
const TOP_PX = 40
const WIDTH_PX = 1040
const ROWS = 7

const COLORS: Readonly<Record<string, string>> = {
  ...{ property: '#79c0ff', operator: '#ff7b72', keyword: '#ff7b72', macro: '#d2a8ff', function: '#d2a8ff' },
  ...{ string: '#a5d6ff', number: '#79c0ff', variable: '#ffa657', class: '#7ee787', parameter: '#a5d6ff' },
}

export function editorPicture(sources: readonly Source[]): string {
  const words = new Vocabulary(sources)
  const view = viewOf(RULES, words)
  const findings = lint([{ name: 'rules.yaml', content: RULES }], { sources })
  const lines = RULES.trimEnd().split('\n')
  const code = lines.map((line, i) => {
    const from = lines.slice(0, i).join('\n').length + (i > 0 ? 1 : 0)
    return codeLine(line, from, TOP_PX + (i + 1) * LINE_PX, i + 1, view)
  })
  const marks = findings.map(({ place, severity }) =>
    squiggle(
      place.line,
      place.column,
      Math.min(place.length, lines[place.line - 1]!.length + 1 - place.column),
      severity,
    ),
  )
  const list = problems(findings, TOP_PX + (lines.length + 2) * LINE_PX)
  const popup = completion(words, TOP_PX + (lines.length + findings.length + 3) * LINE_PX)
  const height = TOP_PX + (lines.length + findings.length + ROWS + 5) * LINE_PX
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_PX}" height="${height}" viewBox="0 0 ${WIDTH_PX} ${height}" role="img" aria-label="A rules file in an editor: colored words, mistakes with their messages, and a completion">
<style>text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; fill: #c9d1d9; white-space: pre } .dim { fill: #6e7681 }</style>
<rect width="${WIDTH_PX}" height="${height}" rx="10" fill="#0d1117"/>
<text x="${LEFT_PX}" y="24" class="dim">rules.yaml</text>
${[...code, ...marks, ...list, ...popup].join('\n')}
</svg>
`
}

function viewOf(text: string, words: Vocabulary): View {
  const workspace = new Workspace()
  const file = workspace.set('file:///rules.yaml', text)
  return new View(file, [file], words)
}

function codeLine(line: string, from: number, y: number, number: number, view: View): string {
  const tokens = coloredTokens(view, { from, to: from + line.length })
  const key = /^[\s-]*[\w-]+:/.exec(line)?.[0] ?? ''
  const parts = [
    ...(key === '' ? [] : [{ at: 0, text: key, color: '#7ee787' }]),
    ...tokens
      .filter(token => token.from >= from && token.to <= from + line.length)
      .map(token => ({
        at: token.from - from,
        text: line.slice(token.from - from, token.to - from),
        color: COLORS[token.type]!,
      })),
  ]
  let shown = ''
  let at = 0
  for (const part of parts) {
    shown += `${escaped(line.slice(at, part.at))}<tspan fill="${part.color}">${escaped(part.text)}</tspan>`
    at = part.at + part.text.length
  }
  shown += escaped(line.slice(at))
  return `<text x="${LEFT_PX - 34}" y="${y}" class="dim">${String(number).padStart(2)}</text><text x="${LEFT_PX}" y="${y}" xml:space="preserve">${shown}</text>`
}

function squiggle(line: number, column: number, length: number, severity: string): string {
  const x = LEFT_PX + (column - 1) * CHAR_PX
  const y = TOP_PX + line * LINE_PX + 4
  const waves = Math.max(2, Math.round((length * CHAR_PX) / 6))
  return `<path d="M${x.toFixed(1)} ${y} ${'q1.5 -3 3 0 t3 0 '.repeat(waves).trim()}" fill="none" stroke="${colorOf(severity)}" stroke-width="1.2"/>`
}

function colorOf(severity: string): string {
  return severity === 'error' ? '#f85149' : '#d29922'
}

function problems(findings: ReturnType<typeof lint>, y: number): string[] {
  return findings.map(({ severity, code, message, place }, i) => {
    const text = `${place.line}:${place.column} ${message}`
    const short = text.length > 105 ? `${text.slice(0, 104)}…` : text
    return `<text x="${LEFT_PX}" y="${y + i * LINE_PX}"><tspan fill="${colorOf(severity)}">● </tspan>${escaped(short)}<tspan class="dim">  ${code}</tspan></text>`
  })
}

/** What is offered at the cursor: what begins as what has been typed. */
function completion(words: Vocabulary, y: number): string[] {
  const text = `${RULES.slice(0, RULES.indexOf('  output:'))}${TYPED.replace('|', '')}`
  const found = complete(viewOf(text, words), text.length)!
  const typed = text.slice(found.range.from, found.range.to)
  const items = found.items.filter(({ label }) => label.startsWith(typed)).slice(0, ROWS)
  const x = LEFT_PX + TYPED.indexOf(typed) * CHAR_PX
  const box = `<rect x="${x - 6}" y="${y + 8}" width="420" height="${items.length * LINE_PX + 8}" rx="4" fill="#161b22" stroke="#30363d"/>`
  const rows = items.map(({ label, detail = '' }, i) => {
    const at = y + 8 + (i + 1) * LINE_PX - 4
    return `<text x="${x}" y="${at}">${escaped(label)}</text><text x="${x + 260}" y="${at}" class="dim">${escaped(detail)}</text>`
  })
  return [`<text x="${LEFT_PX}" y="${y}" xml:space="preserve">${escaped(TYPED.replace('|', '▏'))}</text>`, box, ...rows]
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
