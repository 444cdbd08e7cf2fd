/**
 * Writes every generated file of the repository from its source:
 *   node --conditions=@falc/source scripts/generate.ts [--check]
 * With --check it writes nothing, names each file that is stale, and exits with 1.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadSources } from '../packages/cli/src/sources/load.ts'
import { scanModule } from '../packages/sources-k8saudit/scripts/scan-module.ts'
import { compatHeader } from '../packages/sources-syscall/scripts/compat-header.ts'
import { eventsHeader } from '../packages/sources-syscall/scripts/events-header.ts'
import { syscallsHeader } from '../packages/sources-syscall/scripts/syscalls-header.ts'
import { valuesSchema } from './generate/chart.ts'
import { configPage } from './generate/config.ts'
import { dashboardsObject } from './generate/dashboards.ts'
import { editorPicture } from './generate/editor.ts'
import { falcosidekickPage } from './generate/falcosidekick.ts'
import { fieldsPage } from './generate/fields.ts'
import { grammar } from './generate/grammar.ts'
import { languagePage } from './generate/language.ts'
import { lintPages } from './generate/lint.ts'
import { formatted } from './generate/markdown.ts'
import { metadataPage } from './generate/metadata.ts'
import { opcodesPage } from './generate/opcodes.ts'
import { outputsPage } from './generate/outputs.ts'
import { performancePage } from './generate/performance.ts'
import { responsePage } from './generate/response.ts'
import { rulesPage } from './generate/rules.ts'
import { terminalPicture } from './generate/terminal.ts'

const ROOT = resolve(import.meta.dirname, '..')

const sources = await loadSources()

const pages = Object.entries(lintPages(sources)).map(([name, text]) => [name, () => formatted(text)] as const)

const FILES: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(pages),
  'deploy/kubernetes/parts/dashboards/objects.yaml': dashboardsObject,
  'deploy/kubernetes/values.schema.json': valuesSchema,
  'docs/config.md': () => formatted(configPage()),
  'docs/editor.svg': () => editorPicture(sources),
  'docs/falcosidekick.md': () => formatted(falcosidekickPage()),
  'docs/fields.md': () => formatted(fieldsPage(sources)),
  'docs/language.md': () => formatted(languagePage()),
  'docs/metadata.md': () => formatted(metadataPage()),
  'docs/opcodes.md': () => formatted(opcodesPage()),
  'docs/outputs.md': () => formatted(outputsPage()),
  'docs/performance.md': () => formatted(performancePage()),
  'docs/response.md': () => formatted(responsePage()),
  'docs/rules.md': () => formatted(rulesPage()),
  'docs/terminal.svg': terminalPicture,
  'editors/vscode/syntaxes/falco-rules.json': grammar,
  'packages/sources-k8saudit/src/sieve/scan.gen.ts': scanModule,
  'packages/sources-syscall/native/bpf/events.gen.h': eventsHeader,
  'packages/sources-syscall/native/sidecar/compat.gen.h': compatHeader,
  'packages/sources-syscall/native/sidecar/syscalls.gen.h': syscallsHeader,
}

/** Generators that write files of their own, and know `--check` themselves. */
const SCRIPTS = ['packages/engine/scripts/generate-schema.ts']

const check = process.argv.includes('--check')
let stale = 0

for (const [name, text] of Object.entries(FILES)) {
  const file = join(ROOT, name)
  const wanted = text()
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted) continue
  if (check) {
    console.error(`${name} is stale: run npm run generate`)
    stale++
  } else {
    writeFileSync(file, wanted)
    console.log(`wrote ${name}`)
  }
}

for (const script of SCRIPTS) {
  const args = [...process.execArgv, join(ROOT, script), ...(check ? ['--check'] : [])]
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) stale++
}

process.exitCode = stale === 0 ? 0 : 1
