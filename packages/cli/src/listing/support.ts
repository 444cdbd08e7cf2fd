import { arch, release, type as systemType, version } from 'node:os'
import type { Config } from '../config/config.ts'
import type { RunFlags } from '../run/flags.ts'
import { readRules } from '../run/rules.ts'
import { engineVersion, falcVersion } from '../version.ts'

/** `--support`: what somebody who helps needs to know, as JSON. Holds rules and configuration file names, no secrets of the configuration. */
export function supportText(flags: RunFlags, config: Config): string {
  const paths = flags.rules.length > 0 ? flags.rules : config.rulesFiles
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
    cmdline: process.argv.slice(2),
    config: { files: config.files, warnings: config.warnings },
    rules_files: readRules(paths).map(({ name, content }) => ({ path: name, content })),
  }
  return `${JSON.stringify(support)}\n`
}
