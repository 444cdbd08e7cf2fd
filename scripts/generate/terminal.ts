/** docs/terminal.svg: a picture of a terminal in which the command has run. Replays are the same at any time. */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'packages/cli/src/main.ts')

const CAPTURE = 'examples/captures/host-a.scap'
const COMMANDS: readonly (readonly string[])[] = [
  ['run', '-r', 'rules/syscall.yaml', '-e', CAPTURE, '-o', 'priority=error'],
  ['explain', '-r', 'rules/syscall.yaml', '--rule', 'File Created Below Dev', '--event', CAPTURE, '--num', '3662'],
]

const COLUMNS = 118
const CHAR_PX = 7.8
const LINE_PX = 19
const MARGIN_PX = 18
const BAR_PX = 34

/** What a line is, by its beginning; the class names its colour. */
const KINDS: readonly [RegExp, string][] = [
  [/^\$ /, 'prompt'],
  [/^[\d:.]+: Critical /, 'critical'],
  [/^[\d:.]+: Error /, 'error'],
  [/^\+/, 'true'],
  [/^-/, 'false'],
]

export function terminalPicture(): string {
  const lines = COMMANDS.flatMap((args, i) => [...(i === 0 ? [] : ['']), ...transcript(args)])
  const width = Math.ceil(COLUMNS * CHAR_PX + 2 * MARGIN_PX)
  const height = BAR_PX + lines.length * LINE_PX + MARGIN_PX
  const rows = lines.map((line, i) => row(line, BAR_PX + (i + 1) * LINE_PX))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="falc finds an attack in a recorded capture, and explains one of its alerts">
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; fill: #c9d1d9; white-space: pre }
.prompt { fill: #ffffff; font-weight: bold } .critical { fill: #ff7b72; font-weight: bold } .error { fill: #ffa657 }
.true { fill: #7ee787 } .false { fill: #8b949e }
</style>
<rect width="${width}" height="${height}" rx="10" fill="#0d1117"/>
<circle cx="20" cy="18" r="6" fill="#ff5f57"/><circle cx="40" cy="18" r="6" fill="#febc2e"/><circle cx="60" cy="18" r="6" fill="#28c840"/>
${rows.filter(Boolean).join('\n')}
</svg>
`
}

/** The command as it is typed, and what it prints, in lines of the terminal's width. */
function transcript(args: readonly string[]): string[] {
  const node = ['--conditions=@falc/source', '--no-warnings', MAIN, ...args]
  const env = { PATH: process.env.PATH, TZ: 'UTC', FALCO_HOSTNAME: 'host' }
  const { status, stdout, stderr } = spawnSync(process.execPath, node, { cwd: ROOT, env, encoding: 'utf8' })
  if (status !== 0 || stdout === '') throw new Error(`falc ${args.join(' ')}: ${stderr}`)
  const typed = args.map(word => (/[^\w./=-]/.test(word) ? `'${word}'` : word)).join(' ')
  return [`$ falc ${typed}${args[0] === 'run' ? ' 2>/dev/null' : ''}`, ...stdout.trimEnd().split('\n')].flatMap(wrap)
}

/** A long line is wrapped, and keeps its colour by the mark that it begins with. */
function wrap(line: string): string[] {
  const parts: string[] = []
  let rest = line
  while (rest.length > COLUMNS) {
    const blank = rest.lastIndexOf(' ', COLUMNS)
    const at = blank > COLUMNS / 2 ? blank + 1 : COLUMNS
    parts.push(rest.slice(0, at))
    rest = `    ${rest.slice(at)}`
  }
  return [...parts, rest]
}

let kind = ''

function row(line: string, y: number): string {
  if (!line.startsWith('    ')) kind = KINDS.find(([pattern]) => pattern.test(line))?.[1] ?? ''
  if (line.trim() === '') return ''
  const text = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const mark = kind === '' ? '' : ` class="${kind}"`
  return `<text x="${MARGIN_PX}" y="${y}" textLength="${Math.round(line.trimEnd().length * CHAR_PX)}" xml:space="preserve"${mark}>${text.trimEnd()}</text>`
}
