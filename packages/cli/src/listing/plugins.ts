import { BUILT_IN_PLUGINS } from '../sources/plugins.ts'
import { columns } from './format.ts'

/** `--list-plugins`: falc loads no shared libraries, it does itself what these do. */
export function listPlugins(): string {
  const rows = BUILT_IN_PLUGINS.map(({ name, version }) => [name, `version ${version}, built in`] as const)
  return `${rows.length} plugins built in:\n\n${columns(rows)}`
}
