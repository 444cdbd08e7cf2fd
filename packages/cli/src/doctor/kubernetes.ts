import type { RuleUse } from '@falc/engine'
import { NEEDS_CLUSTER } from '@falc/sources-k8saudit'
import { NEEDS_API_SERVER } from '@falc/sources-syscall'
import type { Config } from '../config/config.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { type Finding, found, missing, optional } from '../machine/finding.ts'
import { clusterOf, type SharedBucket, sharedPods } from '../sources/kubernetes.ts'

/** Milliseconds that the API server has to answer. */
const TIMEOUT_MS = 2000

/** Whether the API server that falc.yaml names can be followed; without one, which rules lack what only it knows. */
export async function kubernetesFindings(config: Config, uses: readonly RuleUse[]): Promise<Finding[]> {
  const name = 'Kubernetes metadata'
  try {
    const cluster = await clusterOf(config)
    if (cluster === undefined) return unserved(name, uses)
    if (cluster.shared) return [await sharedFinding(name, cluster.shared, cluster.node)]
    const { KINDS, KubeClient, pathOf } = await import('@falc/kubernetes')
    const client = new KubeClient(cluster.config)
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const refused = await Promise.all(
        KINDS.map(async kind => {
          const { status, problem, body } = await client.get(pathOf({ ...kind, name: '' }), signal, { limit: '1' })
          return status === 200 ? [] : [problem ?? `${status} ${body?.message ?? kind.resource}`]
        }),
      )
      const problems = [...new Set(refused.flat())]
      if (problems.length > 0)
        return [missing(name, problems.join('; ').slice(0, 500), 'give falc the role of docs/metadata.md')]
    } finally {
      client.close()
    }
    return [found(name, `${cluster.config.server}, node ${cluster.node}`)]
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return [missing(name, error.message, 'correct init_config of the plugin k8smeta')]
  }
}

async function sharedFinding(name: string, shared: SharedBucket, node: string): Promise<Finding> {
  const pods = await sharedPods(shared, node, () => {})
  try {
    await pods.listed(AbortSignal.timeout(TIMEOUT_MS))
    const where = `bucket ${shared.bucket} of ${shared.url.join(', ')}`
    if (pods.podsSynced) return found(name, `${where}, node ${node}: ${count(pods.events.pods!, 'pod')}`)
    return missing(name, `${where}: ${pods.problem ?? 'no answer'}`, 'run falc collector   (docs/metadata.md)')
  } finally {
    await pods.close()
  }
}

function unserved(name: string, uses: readonly RuleUse[]): Finding[] {
  const needs = ({ name }: { readonly name: string }) => NEEDS_API_SERVER.has(name) || NEEDS_CLUSTER.has(name)
  const rules = uses.filter(({ condition, output }) => condition.some(needs) || output.some(needs))
  if (rules.length === 0) return []
  const names = rules.slice(0, 3).map(({ rule }) => rule)
  return [
    optional(
      name,
      `${count(rules.length, 'rule')} (${names.join(', ')}${rules.length > names.length ? ', …' : ''}) read fields that are absent, since no API server is asked`,
      'use the plugin k8smeta   (docs/metadata.md)',
    ),
  ]
}
