import type { ContainerEngine, MetadataCounts, MetadataOptions } from '@falc/sources-syscall'
import { type Config, loadConfig } from '../config/config.ts'
import { type Cluster, clusterOf, podDirectory } from './kubernetes.ts'

/** The engines of Falco's container plugin, by protocol. */
const PROTOCOLS = { docker: ['docker'], podman: ['podman'], cri: ['cri', 'containerd'] } as const

/** The options in a falco.yaml. @throws {ConfigError | CliError} */
export async function configuredEngines(path: string, warn: (text: string) => void): Promise<MetadataOptions> {
  const config = loadConfig(path, [])
  return withPods(metadataOptions(config), await clusterOf(config), warn)
}

/** The options, and who knows the pods. @throws {CliError} */
export async function withPods(
  options: MetadataOptions,
  cluster: Cluster | undefined,
  warn: (text: string) => void,
): Promise<MetadataOptions> {
  return cluster === undefined ? options : { ...options, pods: await podDirectory(cluster, warn) }
}

/** Which container engines are asked, and how: settings of Falco's container plugin. */
export function metadataOptions({ plugins }: Config): MetadataOptions {
  const { engines, label_max_len, hold_ms } = plugins.settings.container
  const sockets: Record<string, readonly string[]> = {}
  for (const [protocol, names] of Object.entries(PROTOCOLS)) {
    const lists = names.filter(name => engines[name].enabled).map(name => engines[name].sockets)
    // The usual places are those of the protocol: an engine that is disabled leaves them to the other.
    if (lists.length === 0 || lists.some(list => list !== undefined))
      sockets[protocol] = lists.flatMap(list => list ?? [])
  }
  return {
    sockets,
    ...(label_max_len !== undefined && { labelMaxLength: label_max_len }),
    ...(hold_ms !== undefined && { holdMs: hold_ms }),
  }
}

/** Engines whose containers are recognised by their control groups: those that are not disabled. */
export function containerEngines({ plugins }: Config): ReadonlySet<ContainerEngine> {
  const engines = Object.entries(plugins.settings.container.engines) as [ContainerEngine, { enabled: boolean }][]
  return new Set(engines.filter(([, { enabled }]) => enabled).map(([name]) => name))
}

/** Look-ups, announcements, and evaluations that waited, by outcome; zeros are left out. */
export function metadataCounts({
  lookups,
  ahead,
  watches,
  dropped,
  pods,
  kubernetes,
  ...evaluations
}: MetadataCounts): Record<string, number> {
  const groups = {
    'look-ups': lookups,
    'look-ups ahead': ahead,
    announcements: { ...watches, dropped },
    pods: pods ?? {},
    kubernetes: kubernetes ?? {},
    evaluations,
  }
  const named = Object.entries(groups).flatMap(([what, counts]) =>
    Object.entries(counts).map(([outcome, count]): [string, number] => [`${what} ${outcome}`, count]),
  )
  return Object.fromEntries(named.filter(([, count]) => count > 0))
}
