import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { catalogue, cataloguedFiles } from '../../packages/authoring/src/index.ts'
import { Engine } from '../../packages/engine/src/index.ts'
import { k8sAudit } from '../../packages/sources-k8saudit/src/index.ts'
import { syscall } from '../../packages/sources-syscall/src/index.ts'

const FOLDER = resolve(import.meta.dirname, '../../rules')

/** docs/rules.md: the rules of rules/, as the engine has loaded them. @throws {Error} when one does not load */
export function rulesPage(): string {
  const files = readdirSync(FOLDER)
    .filter(name => name.endsWith('.yaml'))
    .sort()
    .map(name => ({ name, content: readFileSync(join(FOLDER, name), 'utf8') }))
  const report = new Engine({ sources: [syscall(), k8sAudit()] }).load(files)
  if (!report.ok) throw new Error(`rules/ does not load: ${report.errors.map(error => error.message).join('; ')}`)
  const head = [
    '# Rules',
    '_Generated from `rules/*.yaml` by `npm run generate`: do not edit._',
    'The rules that come with falc. [rules/README.md](../rules/README.md) says how to load and how to adapt them.',
  ]
  return `${head.join('\n\n')}\n\n${catalogue(cataloguedFiles(files, report.rules))}`
}
