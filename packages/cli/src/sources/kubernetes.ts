import { hostname } from 'node:os'
import type { KubeConfig } from '@falc/kubernetes'
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
