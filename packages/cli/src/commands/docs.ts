import { catalogue, cataloguedFiles } from '@falc/authoring'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'

export const docs = defineCommand({
  name: 'docs',
  usage: 'rules PATH… [--title TEXT]',
  summary: 'Print a catalogue of rules as Markdown: what they detect, with priorities and tags',
  flags: {
    title: { value: 'TEXT', help: 'Heading of the page; default: Rules' },
  },
  async run({ title = 'Rules' }, [what, ...paths]) {
    if (what !== 'rules' || paths.length === 0) throw new CliError('docs needs: rules PATH… (see falc docs --help)')
    const files = readRules(paths)
    const { report } = loadEngine(engineOptions(loadConfig(undefined, [])), { sources: await loadSources() }, files)
    print(`# ${title}\n\n${catalogue(cataloguedFiles(files, report.rules))}`)
    return 0
  },
})
