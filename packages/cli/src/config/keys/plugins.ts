/** Settings (`init_config`) of the Falco plugins whose work falc does itself. */
import { boolean, integer, list, text } from '../kind.ts'
import { key, optional, type Section, section } from '../section.ts'

const ENGINE = section({
  enabled: key(boolean, true, 'Ask this engine about containers.'),
  sockets: optional(list(text), 'Sockets of the engine. Default: the usual places.'),
})
/** Engines that are recognised by control groups alone. */
const BY_CGROUP = section({ enabled: key(boolean, true, 'Recognise containers of this kind.') })

const K8SAUDIT = section({
  maxEventSize: optional(integer(1), 'Bytes of an audit event; larger ones are rejected and counted.'),
  webhookMaxBatchSize: optional(integer(1), 'Bytes of a request body; larger ones are rejected and counted.'),
  sslCertificate: key(text, '/etc/falco/falco.pem', 'With `https`: a PEM file with certificate and key.'),
  useAsync: optional(boolean, 'Asynchronous extraction.', {
    noEffect: { why: 'fields are always extracted when rules read them', asks: () => true },
  }),
})

const CONTAINER = section({
  label_max_len: optional(integer(), 'Longer labels are left out.'),
  hold_ms: optional(integer(), "Milliseconds that an event waits for its container's metadata. falc's own setting."),
  with_size: key(boolean, false, 'Ask for the size of containers.', {
    noEffect: { why: 'sizes are not asked for' },
  }),
  hooks: optional(list(text), 'Ignored: containers are noticed both when created and when started.'),
  engines: section({
    docker: ENGINE,
    podman: ENGINE,
    containerd: ENGINE,
    cri: ENGINE,
    lxc: BY_CGROUP,
    libvirt_lxc: BY_CGROUP,
    bpm: BY_CGROUP,
  }),
})

export const PLUGIN_SETTINGS = { k8saudit: K8SAUDIT, container: CONTAINER } as const satisfies Record<
  string,
  Section<any>
>

/** Plugins that are built in. */
export const BUILT_IN_PLUGINS: readonly string[] = [...Object.keys(PLUGIN_SETTINGS), 'json']
