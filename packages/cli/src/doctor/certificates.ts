import { X509Certificate } from 'node:crypto'
import { filesRead } from '@falc/outputs'
import type { Config } from '../config/config.ts'
import { count } from '../count.ts'
import { type Finding, found, missing, optional } from '../machine/finding.ts'
import { readFile } from '../read-file.ts'

/** A certificate that expires within this many days is reported. */
const SOON = 14
const DAY_MS = 86_400_000

/** Certificates that the configuration names: whether they can be read, and how long they last. */
export function certificateFindings(config: Config, now = Date.now()): Finding[] {
  const { webserver, admission, http_output: http, outputs, plugins } = config
  const tls = plugins.used.some(({ name, openParams }) => name === 'k8saudit' && /^https:/.test(openParams))
  const { sslCertificate, clientCA } = plugins.settings.k8saudit
  const named: [key: string, path: string | undefined][] = [
    ['webserver.ssl_certificate', webserver.enabled && webserver.ssl_enabled ? webserver.ssl_certificate : ''],
    ['sslCertificate of k8saudit', tls ? sslCertificate : ''],
    ['clientCA of k8saudit', tls ? clientCA : ''],
    ['admission.certificate', admission.certificate],
    ['admission.client_ca', admission.client_ca],
    ['http_output.ca_cert', http.enabled ? http.ca_cert : ''],
    ['http_output.client_cert', http.enabled && http.mtls ? http.client_cert : ''],
    ...outputs
      .filter(({ enabled }) => enabled)
      .flatMap(output => filesRead(output).map((path): [string, string] => [`output ${output.name}`, path])),
  ]
  return named.flatMap(([key, path]) => (path ? lasting(key, path, now) : []))
}

/** One finding per file: the certificate in it that ends first. A file without any (a key, a password) gives none. */
function lasting(key: string, path: string, now: number): Finding[] {
  let pem: string
  try {
    pem = readFile(path).toString('latin1')
  } catch (error) {
    return [missing(key, `${path} cannot be read: ${(error as Error).message}`, 'create it, or give falc access')]
  }
  try {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
    const ends = blocks.map(block => Date.parse(new X509Certificate(block).validTo))
    return ends.length === 0 ? [] : [judged(key, path, Math.floor((Math.min(...ends) - now) / DAY_MS))]
  } catch (error) {
    return [missing(key, `${path}: ${(error as Error).message}`, 'replace it by a certificate in PEM')]
  }
}

function judged(key: string, path: string, days: number): Finding {
  if (days < 0) return { ...missing(key, `${path} has expired`, 'renew it'), days }
  const left = `${path} is valid for ${count(days, 'day')}`
  return { ...(days < SOON ? optional(key, left, 'renew it') : found(key, left)), days }
}
