import { CliError } from '../fail.ts'
import { loadSources } from '../sources/load.ts'
import { columns } from './format.ts'

/** `--list-plugins`: falc loads no shared libraries; its own sources replace plugins. */
export async function listPlugins(): Promise<string> {
  const rows = (await plugins()).map(
    ({ name, version, source }) => [name, `version ${version}, built in, source ${source}`] as const,
  )
  return `${rows.length} plugins built in:\n\n${columns(rows)}`
}

/** `--plugin-info NAME`. @throws {CliError} for an unknown name */
export async function pluginInfo(name: string): Promise<string> {
  const known = await plugins()
  const plugin = known.find(one => one.name === name)
  if (!plugin) throw new CliError(`Unknown plugin: ${name} (there are ${known.map(one => one.name).join(', ')})`)
  const rows = [
    ['Name', plugin.name],
    ['Version', `${plugin.version}: what required_plugin_versions is checked against`],
    ['Source', plugin.source],
    ['Library', 'none: falc does its work itself'],
  ] as const
  return columns(rows)
}

async function plugins() {
  const sources = await loadSources()
  return sources.flatMap(({ name: source, plugins = [] }) => plugins.map(plugin => ({ ...plugin, source })))
}
