import { arch, release, type as systemType, version } from 'node:os'
import { type Config, rulesFiles } from '../config/config.ts'
import { readRules } from '../rules/files.ts'
import type { RunFlags } from '../run/run-flags.ts'
import { engineVersion, falcVersion } from '../version.ts'

/** Only the keys of `-o` options are shown, since values may be secret. */
function withoutValue(argument: string, at: number, all: readonly string[]): string {
  const isOption = /^(?:-o|--option=)./.test(argument) || /^(?:-o|--option)$/.test(all[at - 1] ?? '')
  return isOption ? argument.replace(/^((?:-o|--option=)?[^=]*=).*/s, '$1…') : argument
}

/** `--support`: facts for a support request, as JSON. It has the rules, but of the configuration only file names and warnings: no secrets. */
export function supportText(flags: RunFlags, config: Config): string {
  const paths = flags.rules.length > 0 ? flags.rules : rulesFiles(config)
  const { number, semver } = engineVersion()
  const support = {
    version: falcVersion(),
    engine_info: { engine_version: number, engine_version_semver: semver },
    system_info: {
      sysname: systemType(),
      release: release(),
      version: version(),
      machine: arch(),
      node: process.version,
    },
    cmdline: process.argv.slice(2).map(withoutValue),
    config: { files: config.files, warnings: config.warnings },
    rules_files: readRules(paths, () => {}).map(({ name, content }) => ({ path: name, content })),
  }
  return `${JSON.stringify(support)}\n`
}
