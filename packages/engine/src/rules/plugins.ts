import { LoadFailure } from './context.ts'
import type { PluginRequirement } from './item.ts'
import type { PluginVersion } from './rule.ts'
import { parseVersion, satisfies } from './version.ts'

/**
 * Checks that of each requirement one alternative is loaded, of the same major version and not older.
 * @throws {LoadFailure} LOAD_ERR_VALIDATE
 */
export function checkPlugins(requirements: readonly PluginRequirement[], loaded: readonly PluginVersion[]): void {
  for (const { alternatives, context } of requirements) {
    const met = alternatives.some(({ name, version }) =>
      loaded.some(plugin => plugin.name === name && isNewEnough(plugin.version, version)),
    )
    if (met) continue
    const wanted = alternatives.map(({ name, version }) => `'${name}' (>= ${version})`).join(' or ')
    const have = alternatives.flatMap(({ name }) => loaded.filter(plugin => plugin.name === name))
    const there =
      have.length === 0 ? 'none of them is loaded' : `loaded: ${have.map(p => `${p.name} ${p.version}`).join(', ')}`
    throw new LoadFailure(
      context,
      'LOAD_ERR_VALIDATE',
      `Plugin requirement not satisfied, must load one of: ${wanted}; ${there}`,
    )
  }
}

function isNewEnough(have: string, wanted: string): boolean {
  const version = parseVersion(have)
  const required = parseVersion(wanted)
  return version !== undefined && required !== undefined && satisfies(version, required)
}
