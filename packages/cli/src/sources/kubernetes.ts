import { hostname } from 'node:os'
import type { KubeConfig } from '@falc/kubernetes'
import type { PodFinder } from '@falc/sources-k8saudit'
import type { PodDirectory } from '@falc/sources-syscall'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'

/** Value of the flag that stands for the account of the pod that falc runs in. */
const OWN_ACCOUNT = 'pod'

/** Which API server is asked about pods, and about those of which node. */
export interface Cluster {
  readonly config: KubeConfig
  readonly node: string
}

/**
 * What the plugin k8smeta or the flag --k8s-meta asks for; undefined: neither is used.
 * @throws {CliError} when the API server cannot be reached in that way
 */
export async function clusterOf({ plugins }: Config, flag?: string): Promise<Cluster | undefined> {
  const used = plugins.used.some(({ name }) => name === 'k8smeta')
  if (flag === undefined && !used) return undefined
  const { kubeconfig, nodeName } = plugins.settings.k8smeta
  const from = flag === undefined ? kubeconfig : flag === OWN_ACCOUNT ? '' : flag
  const { fromKubeconfig, inCluster } = await import('@falc/kubernetes')
  try {
    const config = from === '' ? inCluster() : fromKubeconfig(from)
    if (!config) throw new Error('this is no pod of Kubernetes: a kubeconfig is needed')
    return { config, node: nodeName || process.env.NODE_NAME || hostname().toLowerCase() }
  } catch (error) {
    throw new CliError(`k8smeta: ${(error as Error).message}`)
  }
}

/** The pods of all nodes, for audit events. */
export interface ClusterPods extends PodFinder {
  readonly events: Readonly<Record<string, number>>
  close(): void
}

/** Milliseconds that audit events wait for the lists at the start. */
const LISTS_MS = 30_000

/** Follows all pods of the cluster. Resolves when they are listed, or cannot be. @throws {CliError} */
export async function clusterPods(
  { config }: Cluster,
  warn: (text: string) => void,
  signal: AbortSignal,
): Promise<ClusterPods> {
  const { Directory, KINDS, KubeClient } = await import('@falc/kubernetes')
  try {
    const directory = new Directory(new KubeClient(config, 2 * KINDS.length), { warn })
    await directory.listed(AbortSignal.any([signal, AbortSignal.timeout(LISTS_MS)]))
    return directory
  } catch (error) {
    throw new CliError(`k8smeta: ${(error as Error).message}`)
  }
}

/** Begins to follow an API server. @throws {CliError} */
export async function podDirectory({ config, node }: Cluster, warn: (text: string) => void): Promise<PodDirectory> {
  const { Directory, KINDS, KubeClient } = await import('@falc/kubernetes')
  try {
    // Each watch takes a connection, and a list another one.
    return new Directory(new KubeClient(config, 2 * KINDS.length), { node, warn })
  } catch (error) {
    throw new CliError(`k8smeta: ${(error as Error).message}`)
  }
}
