import { where } from './error.ts'
import type { ConfigReader } from './reader.ts'

/** What init_config of a built-in plugin may say that is acted on, or that is done in any case. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  k8saudit: ['sslCertificate', 'maxEventSize', 'webhookMaxBatchSize'],
  // Both hooks are followed, and LXC, libvirt and BPM are told from control groups, whatever is said.
  container: ['label_max_len', 'hold_ms', 'hooks', 'engines', 'with_size'],
}
const ENGINES = ['docker', 'podman', 'containerd', 'cri', 'lxc', 'libvirt_lxc', 'bpm']

/** One warning for each setting of a plugin that does nothing, with the place of the plugin's init_config. */
export function pluginWarnings(reader: ConfigReader): string[] {
  const used = reader.node('load_plugins') ? reader.strings('load_plugins') : undefined
  return reader.maps('plugins').flatMap(({ reader: plugin }) => {
    const name = plugin.string('name', '')
    const known = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined
    const node = plugin.node('init_config')
    if (known === undefined || node === undefined || used?.includes(name) === false) return []
    // Text is read by the plugin's stand-in, which says what is wrong with it.
    const settings = node.kind === 'scalar' ? parsed(plugin.text(node)) : plugin.data(node)
    return idle(name, known, settings).map(
      key => `${where(node.place)}: plugin ${name}: init_config.${key} has no effect`,
    )
  })
}

function idle(name: string, known: readonly string[], settings: unknown): string[] {
  const map = mapOf(settings)
  const keys = Object.keys(map).filter(key => !known.includes(key))
  if (name !== 'container') return keys
  const engines = Object.keys(mapOf(map.engines)).filter(engine => !ENGINES.includes(engine))
  return [...keys, ...engines.map(engine => `engines.${engine}`), ...(map.with_size === true ? ['with_size'] : [])]
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
