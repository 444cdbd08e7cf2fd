/**
 * Runs what the pages show. The info string of a block says what it is:
 *
 *   sh, console     run by bash in a sandbox; of `console`, the lines after `$ ` are run and the rest is their output
 *   ts              all blocks of a page form one program
 *   yaml, json      parsed; rules are loaded after those of rules/, falco.yaml is read by the command
 *   text, and others that are only shown
 *   a plain fence   the output of the block before it, `…` stands for any lines
 *
 * and, after the language:
 *
 *   needs=WHAT      cannot run in a test (root, network, systemd, a cluster …): syntax and falc's flags are checked
 *   needs=openssl   runs where that is installed
 *   serves          runs until it is stopped: each line is started, and stopped when it listens
 *   exit=N          exits with this code
 *   file=NAME       a file in the page's sandbox
 *   excerpt=FILE    lines of this file
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { cannotCertify } from '../../packages/outputs/test/transports/peer.ts'
import { COMPILED, FALC } from '../testing/command.ts'
import { freePort } from '../testing/port.ts'
import { DEADLINE_MS } from '../testing/wait.ts'
import { falcHere, wrongCommands } from './falc.ts'
import { type Block, codeSpansOf, type Page, ROOT, readPages } from './markdown.ts'

const SHELLS = ['sh', 'console']
const LANGUAGES = [
  ...SHELLS,
  '',
  'ts',
  'yaml',
  'json',
  'jsonl',
  'text',
  'ini',
  'lua',
  'toml',
  'lisp',
  'mermaid',
  'diff',
  'c',
  'make',
  'dockerfile',
]

/** Files that readers have, by the names that pages give them. */
const STAND_INS: Readonly<Record<string, string>> = {
  'attack.scap': 'examples/captures/host-a.scap',
  'audit.log': 'examples/captures/k8s-audit.jsonl',
  'falco_rules.yaml': 'rules/syscall.yaml',
  'rules.yaml': 'rules/syscall.yaml',
}

const work = mkdtempSync(join(tmpdir(), 'falc-docs-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))
const bin = join(work, 'bin')
mkdirSync(bin)
const wrapper = `#!/bin/sh\nexec ${FALC.map(word => `'${word}'`).join(' ')} "$@"\n`
writeFileSync(join(bin, 'falc'), wrapper, { mode: 0o755 })

const ENV = {
  PATH: `${bin}:${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
  HOME: work,
  TZ: 'UTC',
  FALCO_HOSTNAME: 'testhost',
  NODE_OPTIONS: '--conditions=@falc/source --no-warnings',
  NODE_COMPILE_CACHE: COMPILED,
}

/** A folder that looks like a checkout: files that are created in it stay in the sandbox. */
function sandbox(page: Page): string {
  const folder = mkdtempSync(join(work, 'page-'))
  for (const name of readdirSync(ROOT))
    if (!['node_modules', '.git', 'falc', 'examples'].includes(name)) symlinkSync(join(ROOT, name), join(folder, name))
  mkdirSync(join(folder, 'examples'))
  copyExamples(folder)
  symlinkSync(join(ROOT, 'packages/cli/node_modules'), join(folder, 'node_modules'))
  symlinkSync(join(bin, 'falc'), join(folder, 'falc'))
  for (const [name, file] of Object.entries(STAND_INS)) symlinkSync(join(ROOT, file), join(folder, name))
  for (const { marks, text } of page.blocks) {
    const name = marks.get('file')
    if (name === undefined) continue
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    rmSync(path, { force: true })
    writeFileSync(path, text)
  }
  return folder
}

/** Copies, not links: a program compares paths to know whether it was started, and links would make them differ. */
function copyExamples(folder: string): void {
  for (const name of readdirSync(join(ROOT, 'examples'))) {
    const [from, to] = [join(ROOT, 'examples', name), join(folder, 'examples', name)]
    if (name === 'captures') symlinkSync(from, to)
    else cpSync(from, to, { recursive: true, filter: path => !path.endsWith('node_modules') })
    if (existsSync(join(from, 'node_modules'))) symlinkSync(join(from, 'node_modules'), join(to, 'node_modules'))
  }
}

/** The plain blocks after a block. */
function outputOf(page: Page, block: Block): string | undefined {
  const rest = page.blocks.slice(page.blocks.indexOf(block) + 1)
  const end = rest.findIndex(({ language }) => language !== '')
  const own = end < 0 ? rest : rest.slice(0, end)
  return own.length === 0 ? undefined : own.map(({ text }) => text).join('')
}

const squeezed = (text: string) =>
  `${text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
    .trim()}\n`

function expectOutput(actual: string, expected: string): void {
  const [found, wanted] = [squeezed(actual), squeezed(expected)]
  if (!/^…$/m.test(wanted)) {
    expect(found).toBe(wanted)
    return
  }
  const parts = wanted.split(/^…\n/m).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  expect(found).toMatch(new RegExp(`^${parts.join('(?:.*\\n)*')}$`))
}

function runShell(page: Page, block: Block, folder: string): void {
  const lines = block.text.split('\n')
  const isConsole = block.language === 'console'
  const script = isConsole
    ? lines
        .filter(line => line.startsWith('$ '))
        .map(line => line.slice(2))
        .join('\n')
    : block.text
  const expected = isConsole ? lines.filter(line => !line.startsWith('$ ')).join('\n') : outputOf(page, block)
  // `timeout` also kills the children of the shell.
  const options = { cwd: folder, env: ENV, encoding: 'utf8' } as const
  const { status, stdout, stderr } = spawnSync(
    'timeout',
    [`${DEADLINE_MS / 1000}`, 'bash', '-euo', 'pipefail', '-c', script],
    options,
  )
  expect({ status, stderr }).toEqual({ status: Number(block.marks.get('exit') ?? 0), stderr })
  if (expected !== undefined && expected.trim() !== '') expectOutput(stdout, expected)
}

/** Starts each command and stops it once it listens, on another port: the one that the page shows may be in use. */
async function serve(block: Block, folder: string): Promise<void> {
  for (const line of block.text.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue
    const child = spawn('bash', ['-c', `exec ${line.replace(/:\d{4}(?=\/)/, `:${await freePort()}`)}`], {
      cwd: folder,
      env: ENV,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    const listens = new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', chunk => {
          said += chunk
          if (/Opening event source|listening/i.test(said)) resolve()
        })
      child.on('exit', code => reject(new Error(`${line}\nended with ${code}: ${said}`)))
    })
    await listens
    const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
    child.kill('SIGINT')
    expect(await ended, said).toBe(0)
  }
}

function runProgram(page: Page, blocks: readonly Block[], folder: string): void {
  const text = blocks.map(block => block.text).join('')
  const args = ['--input-type=module-typescript', '-e', text]
  const options = { cwd: folder, env: ENV, encoding: 'utf8', timeout: DEADLINE_MS } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options)
  expect({ status, stderr }).toEqual({ status: 0, stderr })
  const expected = blocks.map(block => outputOf(page, block) ?? '').join('')
  if (expected !== '') expectOutput(stdout, expected)
}

/** The keys of falco.yaml. */
let configKeys: string[] | undefined

/** Rules and falco.yaml are recognised by their keys. */
async function checkYaml(block: Block, folder: string): Promise<void> {
  for (const document of parseAllDocuments(block.text)) expect(document.errors).toEqual([])
  const value: unknown = parse(block.text)
  const path = join(folder, `block-${block.line}.yaml`)
  writeFileSync(path, block.text)
  if (Array.isArray(value) && value.some(item => 'rule' in item || 'macro' in item || 'list' in item)) {
    const isAllowed = ({ code }: { code: string }) => block.text.includes(`falc-lint: allow ${code}`)
    const findings = async (...before: string[]) => {
      const { stdout } = await falcHere(folder, 'validate', '--json', ...before, path)
      const { falco_load_results: results } = JSON.parse(stdout)
      const own = results.find(({ name }: { name: string }) => name === path)
      return [...own.errors, ...own.warnings.filter((one: { code: string }) => !isAllowed(one))]
    }
    // Most blocks need no macro of the shipped rules.
    if ((await findings()).length > 0) expect(await findings('rules/syscall.yaml', 'rules/k8s_audit.yaml')).toEqual([])
    return
  }
  if (typeof value !== 'object' || value === null || 'tests' in value) return
  configKeys ??= Object.keys(JSON.parse((await falcHere(folder, 'run', '--config-schema')).stdout).properties)
  if (!Object.keys(value).every(key => configKeys!.includes(key))) return
  // With one rule, since these blocks are not about rules.
  const rule = { rule: 'r', desc: 'd', condition: 'evt.type = open', output: 'o', priority: 'NOTICE' }
  writeFileSync(join(folder, 'one-rule.yaml'), JSON.stringify([rule]))
  const { stderr } = await falcHere(folder, 'run', '-c', path, '-r', 'one-rule.yaml', '--dry-run', '--no-cache')
  expect(stderr).not.toMatch(/unknown key|no effect|Error/)
  expect(stderr).toContain('Loading rules')
}

function checkExcerpt(block: Block): void {
  const file = block.marks.get('excerpt')!
  const lines = new Set(
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .map(line => line.trim()),
  )
  expect(block.text.split('\n').filter(line => !lines.has(line.trim()) && line.trim() !== '…')).toEqual([])
}

function check(page: Page, block: Block, folder: string): void | Promise<void> {
  if (SHELLS.includes(block.language)) {
    const commands =
      block.language === 'sh' ? block.text : (block.text.match(/^\$ .*$/gm) ?? []).join('\n').replace(/^\$ /gm, '')
    expect(wrongCommands(commands)).toEqual([])
    expect(spawnSync('bash', ['-n', '-c', commands], { encoding: 'utf8' }).stderr).toBe('')
    for (const [, script] of commands.matchAll(/^(?:p?npm run|npm) (\w[\w:]*)/gm))
      if (script !== 'install') expect(MANIFEST.scripts, `npm run ${script}`).toHaveProperty([script!])
    const needs = block.marks.get('needs')
    if (needs === 'openssl' ? cannotCertify() !== undefined : needs !== undefined) return
    return block.marks.has('serves') ? serve(block, folder) : runShell(page, block, folder)
  }
  if (block.marks.has('excerpt')) return checkExcerpt(block)
  if (block.language === 'yaml') return checkYaml(block, folder)
  if (block.language === 'json') JSON.parse(block.text)
  if (block.language === 'jsonl') for (const line of block.text.trim().split('\n')) JSON.parse(line)
}

const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

describe.each(readPages())('$path', page => {
  const folder = sandbox(page)
  const program = page.blocks.filter(
    ({ language, marks }) => language === 'ts' && !marks.has('excerpt') && !marks.has('needs'),
  )
  if (program.length > 0) test('its program runs as shown', () => runProgram(page, program, folder))

  const others = page.blocks.filter(block => !program.includes(block) && block.language !== '')
  test.each(others)('line $line: $language', block => check(page, block, folder))

  test('its blocks have known languages, and the commands of falc in its text exist', () => {
    const wrong = page.blocks.flatMap((block, i) => {
      if (!LANGUAGES.includes(block.language)) return [`${page.path}:${block.line}: unknown language ${block.language}`]
      const before = page.blocks.slice(0, i).findLast(({ language }) => language !== '')
      if (block.language === '' && !['sh', 'ts'].includes(before?.language ?? ''))
        return [`${page.path}:${block.line}: a plain block is output, but of no program: mark it as text`]
      return []
    })
    const spans = codeSpansOf(page)
      .filter(({ text }) => /^falc [a-z-]/.test(text))
      .flatMap(({ line, text }) => wrongCommands(text).map(problem => `${page.path}:${line}: ${problem}`))
    expect([...wrong, ...spans]).toEqual([])
  })
})

test('the files that stand in for readers’ files exist', () => {
  for (const file of Object.values(STAND_INS)) expect(existsSync(join(ROOT, file)), file).toBe(true)
})
