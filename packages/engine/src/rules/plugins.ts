import type { Problem } from '../text/problem.ts'
import type { PluginRequirement } from './item.ts'
import type { PluginVersion } from './rule.ts'
import { parseVersion, satisfies } from './version.ts'

/** What is missing: of each requirement one alternative must be loaded, of the same major version and not older. */
export function checkPlugins(requirements: readonly PluginRequirement[], loaded: readonly PluginVersion[]): Problem[] {
  const missing: Problem[] = []
  for (const { alternatives, context } of requirements) {
    const met = alternatives.some(({ name, version }) =>
      loaded.some(plugin => plugin.name === name && isNewEnough(plugin.version, version)),
    )
    if (met) continue
    const wanted = alternatives.map(({ name, version }) => `'${name}' (>= ${version})`).join(' or ')
    const have = alternatives.flatMap(({ name }) => loaded.filter(plugin => plugin.name === name))
    const there =
      have.length === 0 ? 'none of them is loaded' : `loaded: ${have.map(p => `${p.name} ${p.version}`).join(', ')}`
    const message = `Plugin requirement not satisfied, must load one of: ${wanted}; ${there}`
    missing.push(context.problem('LOAD_ERR_VALIDATE', message))
  }
  return missing
}

function isNewEnough(have: string, wanted: string): boolean {
  const version = parseVersion(have)
  const required = parseVersion(wanted)
  return version !== undefined && required !== undefined && satisfies(version, required)
}
