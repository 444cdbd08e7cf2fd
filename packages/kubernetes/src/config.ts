/** The address and credentials of the API server, from a pod's service account or a kubeconfig. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readFile } from '@falc/outputs/read-file'
import { parse } from 'yaml'

export interface KubeConfig {
  readonly server: string
  /** Read again every minute, since tokens of pods expire. */
  readonly token?: { readonly file: string } | { readonly text: string }
  readonly tls_ca?: string
  readonly tls_cert?: string
  readonly tls_key?: string
  readonly tls_insecure?: boolean
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** @returns undefined: this is no pod */
export function inCluster(env: NodeJS.ProcessEnv = process.env, folder = ACCOUNT): KubeConfig | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (host === undefined || !existsSync(`${folder}/token`)) return undefined
  const name = host.includes(':') ? `[${host}]` : host
  return { server: `https://${name}:${port}`, token: { file: `${folder}/token` }, tls_ca: `${folder}/ca.crt` }
}

/**
 * The current context of a kubeconfig, whose certificates and tokens are in files.
 * @throws {Error} with what it lacks, or what is not supported
 */
export function fromKubeconfig(path: string): KubeConfig {
  const { 'current-context': current, contexts, clusters, users } = parse(readFile(path).toString('utf8')) ?? {}
  const named = (list: any, name: unknown, what: string) => {
    const found = Array.isArray(list) ? list.find(one => one?.name === name) : undefined
    if (!found) throw new Error(`${path}: there is no ${what} named ${String(name)}`)
    return found[what] ?? {}
  }
  const { cluster, user } = named(contexts, current, 'context')
  const { server, 'certificate-authority': ca, ...more } = named(clusters, cluster, 'cluster')
  const { token, tokenFile, 'client-certificate': cert, 'client-key': key, ...rest } = named(users, user, 'user')
  for (const name of [...Object.keys(more), ...Object.keys(rest)]) {
    const instead = UNSUPPORTED.find(([pattern]) => pattern.test(name))?.[1]
    if (instead !== undefined) throw new Error(`${path}: ${name} is not supported${instead}`)
  }
  if (typeof server !== 'string') throw new Error(`${path}: the cluster has no server`)
  const file = (name: unknown) => resolve(dirname(path), String(name))
  return {
    server,
    ...(tokenFile ? { token: { file: file(tokenFile) } } : token ? { token: { text: String(token) } } : {}),
    ...(ca && { tls_ca: file(ca) }),
    ...(cert && { tls_cert: file(cert) }),
    ...(key && { tls_key: file(key) }),
    ...(more['insecure-skip-tls-verify'] === true && { tls_insecure: true }),
  }
}

/** Keys without which the API server cannot be reached as the file says, and what there is instead. */
const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/-data$/, ': put it into a file'],
  [/^(exec|auth-provider|username)$/, ': use a token'],
  [/^proxy-url$/, ': set HTTPS_PROXY in the environment, which exec_in_container ignores'],
  [/^(as|tls-server-name)$/, ''],
]
