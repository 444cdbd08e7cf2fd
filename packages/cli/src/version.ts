import { readFileSync } from 'node:fs'

/** The rule engine that our rule files may ask for: Falco's number and its semantic version. */
export const ENGINE_VERSION = { number: 63, semver: '0.63.0' } as const

export function falcVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** What `--version` prints, as text or with `json_output` as JSON. */
export function versionText(json: boolean): string {
  const falc = falcVersion()
  if (!json) return `falc version: ${falc}\nEngine:       ${ENGINE_VERSION.number} (${ENGINE_VERSION.semver})\n`
  const { number, semver } = ENGINE_VERSION
  return `${JSON.stringify({ engine_version: String(number), engine_version_semver: semver, falc_version: falc })}\n`
}
