import { readFileSync } from 'node:fs'
import { ENGINE_VERSION } from '@falc/engine'

/** The version of this process, even after an upgrade has replaced its files. */
export function falcVersion(): string {
  const manifest = () => readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  version ??= (JSON.parse(manifest()) as { version: string }).version
  return version
}

let version: string | undefined

/** The version that rule files may ask for: Falco's number of it, and its semantic version. */
export function engineVersion(): { number: number; semver: string } {
  const { major, minor, patch } = ENGINE_VERSION
  return { number: minor, semver: `${major}.${minor}.${patch}` }
}

/** The output of `--version`, as text or with `json_output` as JSON. */
export function versionText(json: boolean): string {
  const falc = falcVersion()
  const { number, semver } = engineVersion()
  if (!json) return `falc version: ${falc}\nEngine:       ${number} (${semver})\n`
  return `${JSON.stringify({ engine_version: String(number), engine_version_semver: semver, falc_version: falc })}\n`
}
