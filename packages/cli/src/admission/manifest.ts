import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { PATH } from './webhook.ts'

/** The resources that rules over audit events are about. Leases and events are left out: they would be most of the load. */
const RESOURCES: Readonly<Record<string, readonly string[]>> = {
  '': [
    ...['pods', 'pods/ephemeralcontainers', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy'],
    ...['namespaces', 'nodes/proxy', 'services', 'services/proxy', 'configmaps', 'secrets', 'serviceaccounts'],
    ...['serviceaccounts/token', 'persistentvolumes'],
  ],
  apps: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'],
  batch: ['cronjobs', 'jobs'],
  'certificates.k8s.io': ['certificatesigningrequests', 'certificatesigningrequests/approval'],
  'networking.k8s.io': ['ingresses', 'networkpolicies'],
  'rbac.authorization.k8s.io': ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles'],
}

/** Seconds that an answer may be on its way, beside the deadline for judging. */
const WAY = 2

export interface ManifestOptions {
  readonly name: string | undefined
  readonly namespace: string | undefined
  /** Path of a PEM file with the authority of the certificate. */
  readonly ca: string | undefined
  /** For an API server that reaches falc by an address instead of a service. */
  readonly url: string | undefined
  /** Namespaces beside falc's own and kube-system that are spared. */
  readonly exempt: readonly string[]
}

/** The object that makes an API server ask. @throws {CliError} when the authority cannot be read */
export function manifest({ on_failure, deadline }: Config['admission'], options: ManifestOptions): string {
  const { name = 'falc-admission', namespace = 'falc', url, exempt } = options
  return stringify({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name, labels: { 'app.kubernetes.io/name': name } },
    webhooks: [
      {
        name: `${name}.${namespace}.svc`,
        admissionReviewVersions: ['v1'],
        clientConfig: {
          ...(url === undefined ? { service: { name, namespace, path: PATH, port: 443 } } : { url: addressed(url) }),
          ...(options.ca !== undefined && { caBundle: authority(options.ca) }),
        },
        failurePolicy: on_failure === 'open' ? 'Ignore' : 'Fail',
        matchPolicy: 'Equivalent',
        // Alerts are sent, but not of dry runs.
        sideEffects: 'NoneOnDryRun',
        timeoutSeconds: Math.min(30, Math.ceil(deadline / 1000) + WAY),
        namespaceSelector: {
          matchExpressions: [
            {
              key: 'kubernetes.io/metadata.name',
              operator: 'NotIn',
              values: [...new Set(['kube-system', namespace, ...exempt])],
            },
          ],
        },
        rules: Object.entries(RESOURCES).map(([group, resources]) => ({
          apiGroups: [group],
          apiVersions: ['*'],
          operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
          resources,
          scope: '*',
        })),
      },
    ],
  })
}

/** @throws {CliError} */
function addressed(url: string): string {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:')
    throw new CliError(`--url must begin with https://, not "${url}"`)
  return new URL(PATH, url).href
}

/** @throws {CliError} */
function authority(path: string): string {
  try {
    const pem = readFileSync(path)
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem.toString('base64')
  } catch (error) {
    throw new CliError(`--ca: ${(error as Error).message}`)
  }
  throw new CliError(`--ca: ${path} holds no certificate in PEM`)
}
