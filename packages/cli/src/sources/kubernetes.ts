import { hostname } from 'node:os'
import type { Directory, KubeConfig } from '@falc/kubernetes'
import type { PodFinder } from '@falc/sources-k8saudit'
import type { PodDirectory } from '@falc/sources-syscall'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'

/** The value of the flag for the service account of the pod that falc runs in. */
const OWN_ACCOUNT = 'pod'

/** The bucket of a collector. */
export type SharedBucket = NonNullable<Config['plugins']['settings']['k8smeta']['nats']>

/** The source of pod metadata, an API server or a collector's bucket, and the node whose pods it covers. */
export type Cluster = { readonly node: string } & (
  | { readonly config: KubeConfig; readonly shared?: undefined }
  | { readonly shared: SharedBucket }
)

/**
 * The settings of the plugin k8smeta or the flag --k8s-meta; undefined: neither is used.
 * @throws {CliError} when the API server cannot be reached in that way
 */
export async function clusterOf({ plugins }: Config, flag?: string): Promise<Cluster | undefined> {
  const used = plugins.used.some(({ name }) => name === 'k8smeta')
  if (flag === undefined && !used) return undefined
  const { kubeconfig, nodeName, nats } = plugins.settings.k8smeta
  const node = nodeName || process.env.NODE_NAME || hostname().toLowerCase()
  if (flag === undefined && nats) return { shared: nats, node }
  return { config: await apiServerOf(kubeconfig, flag), node }
}

/** @param kubeconfig empty: the account of the pod that falc runs in @param flag takes precedence @throws {CliError} */
export async function apiServerOf(kubeconfig: string, flag?: string): Promise<KubeConfig> {
  const from = flag === undefined ? kubeconfig : flag === OWN_ACCOUNT ? '' : flag
  const { fromKubeconfig, inCluster } = await import('@falc/kubernetes')
  try {
    const config = from === '' ? inCluster() : fromKubeconfig(from)
    if (!config) throw new Error('falc does not run in a pod: a kubeconfig is needed')
    return config
  } catch (error) {
    throw new CliError(`k8smeta: ${(error as Error).message}`)
  }
}

/** Of each kind, where all nodes are followed. */
const CLUSTER_LIMITS = { objects: 1_000_000, bytes: 1 << 30 }

/** Begins to follow all pods of a cluster. @throws {CliError} */
export async function clusterDirectory(config: KubeConfig, warn: (text: string) => void): Promise<Directory> {
  const { Directory, KINDS, KubeClient } = await import('@falc/kubernetes')
  try {
    // Each watch takes a connection, and a list another one.
    return new Directory(new KubeClient(config, 2 * KINDS.length), { warn, limits: CLUSTER_LIMITS })
  } catch (error) {
    throw new CliError(`k8smeta: ${(error as Error).message}`)
  }
}

/** The pods of all nodes, for audit events. */
export interface ClusterPods extends PodFinder {
  readonly events: Readonly<Record<string, number>>
  close(): unknown
}

/** Milliseconds that audit events wait for the lists at the start. */
const LISTS_MS = 30_000

/** Follows all pods of the cluster. Resolves when they are listed, or cannot be. @throws {CliError} */
export async function clusterPods(
  cluster: Cluster,
  warn: (text: string) => void,
  signal: AbortSignal,
): Promise<ClusterPods> {
  const directory = cluster.shared
    ? await sharedPods(cluster.shared, undefined, warn)
    : await clusterDirectory(cluster.config, warn)
  await directory.listed(AbortSignal.any([signal, AbortSignal.timeout(LISTS_MS)]))
  return directory
}

/** Begins to read what a collector writes. @param node undefined: all nodes */
export async function sharedPods(nats: SharedBucket, node: string | undefined, warn: (text: string) => void) {
  const { Bucket, SharedDirectory } = await import('@falc/kubernetes/nats')
  return new SharedDirectory(new Bucket({ connection: nats, bucket: nats.bucket }), { node, warn })
}

/** Begins to follow the pods of a node. @throws {CliError} */
export async function podDirectory(cluster: Cluster, warn: (text: string) => void): Promise<PodDirectory> {
  if (cluster.shared) return sharedPods(cluster.shared, cluster.node, warn)
  const { Directory, KINDS, KubeClient } = await import('@falc/kubernetes')
  try {
    return new Directory(new KubeClient(cluster.config, 2 * KINDS.length), { node: cluster.node, warn })
  } catch (error) {
    throw new CliError(`k8smeta: ${(error as Error).message}`)
  }
}
