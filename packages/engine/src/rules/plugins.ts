import type { Problem } from '../text/problem.ts'
import type { PluginRequirement } from './item.ts'
import type { PluginVersion } from './rule.ts'
import { parseVersion, satisfies } from './version.ts'

/** The requirements that are not satisfied. One alternative of each must be loaded: same major version, not older. */
export function checkPlugins(requirements: readonly PluginRequirement[], loaded: readonly PluginVersion[]): Problem[] {
  const missing: Problem[] = []
  for (const { alternatives, context } of requirements) {
    const satisfied = alternatives.some(({ name, version }) =>
      loaded.some(plugin => plugin.name === name && isNewEnough(plugin.version, version)),
    )
    if (satisfied) continue
    const wanted = alternatives.map(({ name, version }) => `'${name}' (>= ${version})`).join(' or ')
    const have = alternatives.flatMap(({ name }) => loaded.filter(plugin => plugin.name === name))
    const loadedNow =
      have.length === 0 ? 'none is loaded' : `loaded: ${have.map(p => `${p.name} ${p.version}`).join(', ')}`
    const message = `Plugin requirement not satisfied, must load one of: ${wanted}; ${loadedNow}`
    missing.push(context.problem('LOAD_ERR_VALIDATE', message))
  }
  return missing
}

function isNewEnough(have: string, wanted: string): boolean {
  const version = parseVersion(have)
  const required = parseVersion(wanted)
  return version !== undefined && required !== undefined && satisfies(version, required)
}
