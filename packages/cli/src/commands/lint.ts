import { writeFileSync } from 'node:fs'
import { applyFixes, type Finding, type Fix, lint, REPORTS, type RulesText, rulesTexts } from '@falc/authoring'
import { type Source, SourceText } from '@falc/engine'
import { defineCommand, print } from '../command.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { kindOf } from '../read-file.ts'
import { readRules } from '../rules/files.ts'
import { loadSources } from '../sources/load.ts'

/** Passes of fixes: one may make way for the next. */
const MAX_PASSES = 10

export const lintRules = defineCommand({
  name: 'lint',
  usage: 'PATH… [-r PATH]… [--fix] [--format FORMAT]',
  summary: 'Find mistakes in rules: conditions that never hold, shadowed rules, … (docs/lint/README.md)',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules on which the checked ones depend' },
    fix: { help: 'Apply the safe fixes' },
    'unsafe-fixes': { help: 'With --fix: also apply fixes whose result should be reviewed' },
    format: { value: 'FORMAT', help: `${Object.keys(REPORTS).join(', ')}; default: text` },
  },
  async run({ rules, fix, 'unsafe-fixes': unsafe, format = 'text' }, paths) {
    const report = Object.hasOwn(REPORTS, format) ? REPORTS[format] : undefined
    if (!report) throw new CliError(`--format must be one of ${Object.keys(REPORTS).join(', ')}, not "${format}"`)
    if (paths.length === 0) throw new CliError('lint needs at least one file or folder (see falc lint --help)')
    const sources = await loadSources()
    // Each check needs the text of pipes, which give it once.
    const pipes = new Map<string, string>()
    const before = readRules(rules, undefined, pipes)
    let mended = 0
    let checked = check(paths, before, sources, pipes)
    for (let pass = 0; fix && pass < MAX_PASSES; pass++) {
      const fixed = mend(checked, new Set(unsafe ? ['safe', 'unsafe'] : ['safe']))
      if (fixed === 0) break
      mended += fixed
      checked = check(paths, before, sources, pipes)
    }
    const { findings, texts } = checked
    const files = new Map(texts.map(({ name, content }) => [name, new SourceText(name, content)]))
    print(report({ findings, files }))
    if (format === 'text') print(`${findings.length > 0 ? '\n' : ''}${summary(texts.length, findings, mended)}\n`)
    return findings.length === 0 ? 0 : 1
  },
})

interface Checked {
  readonly texts: readonly RulesText[]
  readonly findings: readonly Finding[]
}

function check(
  paths: readonly string[],
  before: ReturnType<typeof readRules>,
  sources: readonly Source[],
  pipes: Map<string, string>,
): Checked {
  const texts = readRules(paths, undefined, pipes).flatMap(({ name, content }) => rulesTexts(name, content))
  return { texts, findings: lint(texts, { sources, before }) }
}

/** Applies all fixes; returns the number of fixed findings. */
function mend({ texts, findings }: Checked, grades: ReadonlySet<Fix['grade']>): number {
  let count = 0
  for (const path of new Set(texts.map(text => text.path))) {
    const names = texts.filter(text => text.path === path).map(({ name }) => name)
    const own = findings.filter(({ place }) => names.includes(place.file))
    if (path === '-' || kindOf(path) === 'pipe' || !own.some(({ fix }) => fix)) continue
    const [{ content } = { content: '' }] = readRules([path])
    const fixed = applyFixes(content, own, grades)
    if (fixed.count === 0) continue
    writeFileSync(path, fixed.text)
    count += fixed.count
  }
  return count
}

function summary(files: number, findings: readonly Finding[], mended: number): string {
  const done = mended > 0 ? `, ${mended} fixed` : ''
  const fixable = findings.filter(({ fix }) => fix?.grade === 'safe').length
  const hint = fixable > 0 ? `, ${fixable} can be fixed with --fix` : ''
  return `${count(files, 'file')}: ${findings.length === 0 ? 'no findings' : count(findings.length, 'finding')}${done}${hint}`
}
