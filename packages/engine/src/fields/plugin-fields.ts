import type { FieldDef, FieldType } from './field.ts'

/** The fields that a Falco plugin adds to a source: `name` or `name:type`; `[]` after the name: it takes an argument. */
interface PluginFields {
  readonly source: string
  readonly fields: string
  /** Declared by the plugin, but never filled. */
  readonly deprecated: string
}

const KNOWN: Readonly<Record<string, PluginFields>> = {
  container: {
    source: 'syscall',
    fields: `
      container.id container.full_id container.name container.image container.image.id container.type
      container.privileged:bool container.mounts container.mount[] container.mount.source[] container.mount.dest[]
      container.mount.mode[] container.mount.rdwr[] container.mount.propagation[] container.image.repository
      container.image.tag container.image.digest container.start_ts:abstime container.duration:reltime container.ip
      container.cni.json container.host_pid:bool container.host_network:bool container.host_ipc:bool container.label[]
      container.labels k8s.pod.name k8s.ns.name k8s.pod.id k8s.pod.uid k8s.pod.sandbox_id k8s.pod.full_sandbox_id
      k8s.pod.label[] k8s.pod.labels k8s.pod.ip k8s.pod.cni.json
    `,
    deprecated: `
      container.healthcheck container.liveness_probe container.readiness_probe
      proc.is_container_healthcheck:bool proc.is_container_liveness_probe:bool proc.is_container_readiness_probe:bool
      k8s.rc.name k8s.rc.id k8s.rc.label[] k8s.rc.labels k8s.svc.name k8s.svc.id k8s.svc.label[] k8s.svc.labels
      k8s.ns.id k8s.ns.label[] k8s.ns.labels k8s.rs.name k8s.rs.id k8s.rs.label[] k8s.rs.labels
      k8s.deployment.name k8s.deployment.id k8s.deployment.label[] k8s.deployment.labels
    `,
  },
}

/**
 * The fields that Falco plugins add to a source, so that rules may name them. They are absent in every event unless the source
 * declares them itself.
 * @param plugins names of plugins; unknown ones add nothing. Default: all known ones.
 */
export function pluginFields(source: string, plugins: Iterable<string> = Object.keys(KNOWN)): Record<string, FieldDef> {
  const found: Record<string, FieldDef> = {}
  for (const plugin of plugins) {
    const known = Object.hasOwn(KNOWN, plugin) ? KNOWN[plugin] : undefined
    if (known?.source !== source) continue
    declare(found, known.fields, { doc: `field of the plugin ${plugin}; absent` })
    declare(found, known.deprecated, { doc: `deprecated field of the plugin ${plugin}; absent`, deprecated: true })
  }
  return found
}

function declare(into: Record<string, FieldDef>, words: string, mark: Pick<FieldDef, 'doc' | 'deprecated'>): void {
  for (const word of words.trim().split(/\s+/)) {
    const [head, type = 'string'] = word.split(':') as [string, FieldType?]
    const takesArgument = head.endsWith('[]')
    into[takesArgument ? head.slice(0, -2) : head] = {
      type,
      ...(takesArgument && { arg: 'required', argKind: 'key', brackets: true }),
      ...mark,
      extract: () => undefined,
    } as FieldDef
  }
}
