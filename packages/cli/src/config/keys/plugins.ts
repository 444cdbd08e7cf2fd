/** Settings (`init_config`) of the Falco plugins whose work falc does itself. */
import { boolean, choice, integer, list, text } from '../kind.ts'
import { natsBucket, natsStream } from '../nats.ts'
import { key, optional, type Section, section } from '../section.ts'

const ENGINE = section({
  enabled: key(boolean, true, 'Ask this engine about containers.'),
  sockets: optional(list(text), 'Sockets of the engine. Default: the usual places.'),
})
/** Engines that are recognised by control groups alone. */
const BY_CGROUP = section({ enabled: key(boolean, true, 'Recognise containers of this kind.') })

const K8SAUDIT = section({
  maxEventSize: optional(
    integer(1),
    'Maximum size of `evt.plugininfo` in bytes: the largest values of a larger event are cut there. All other fields see the whole event.',
  ),
  webhookMaxBatchSize: optional(
    integer(1),
    'Maximum size of a request body in bytes. Larger ones are rejected and counted.',
  ),
  sslCertificate: key(
    text,
    '/etc/falco/falco.pem',
    'With `https`: a PEM file with certificate and key. Reloaded when it changes.',
  ),
  clientCA: optional(
    text,
    "With `https`: a PEM file with a CA certificate; clients must have a certificate signed by it. falc's own setting.",
  ),
  tokenFile: optional(
    text,
    "A file with bearer tokens, one per line; requests must have one of them. Reloaded when it changes. falc's own setting.",
  ),
  answer: optional(
    choice('queued', 'evaluated'),
    "When a request is answered. `queued`: as soon as its events wait for evaluation. `evaluated`: when its alerts are in the queues of the outputs, and on disk if a queue is. Default: `evaluated` with a queue on disk, else `queued`. falc's own setting.",
  ),
  stateFile: optional(
    text,
    "With `--follow`: a file that records how far the log was read. Default: a file in `$STATE_DIRECTORY`, which systemd sets. falc's own setting.",
  ),
  publish: optional(
    text,
    "With a webhook: `nats://HOST:PORT/STREAM/SUBJECT`. Requests are stored there for [workers](scale.md) instead of being evaluated, and answered once stored. falc's own setting.",
  ),
  nats: optional(
    natsStream,
    "With `nats://…` in `open_params` or `publish`: login and TLS as in an output of type `nats`, and `durable`, `max_deliveries`, `max_bytes`, `replicas`. falc's own setting.",
  ),
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

const COLLECTOR = { noEffect: { why: 'falc asks the API server itself, or `falc collector` does', asks: () => true } }

const K8SMETA = section({
  nodeName: optional(text, 'The name of this node in Kubernetes. Default: `$NODE_NAME`, else the host name.'),
  kubeconfig: key(text, '', "Credentials for the API server. Default: the account of falc's pod. falc's own setting."),
  nats: optional(
    natsBucket,
    "The bucket that `falc collector` writes, with the options of an output of type `nats`, and `bucket`, `replicas`. Pods are read from there instead of from an API server. falc's own setting.",
  ),
  collectorHostname: optional(text, 'Where the collector is.', COLLECTOR),
  collectorPort: optional(integer(), 'Where the collector is.', COLLECTOR),
  caPEMBundle: optional(text, "The collector's certificate authorities.", COLLECTOR),
  hostProc: optional(text, "The host's /proc.", COLLECTOR),
  verbosity: optional(text, 'What the plugin logs.', COLLECTOR),
})

export const PLUGIN_SETTINGS = { k8saudit: K8SAUDIT, k8smeta: K8SMETA, container: CONTAINER } as const satisfies Record<
  string,
  Section<any>
>

/** Plugins that are built in. */
export const BUILT_IN_PLUGINS: readonly string[] = [...Object.keys(PLUGIN_SETTINGS), 'json']
