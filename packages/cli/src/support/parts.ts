/** The parts of a support bundle other than the configuration. Each is bounded; a part that is not available gives the reason. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import type { Config } from '../config/config.ts'
import { bodyOf } from '../updates/registry.ts'

const run = promisify(execFile)

const DEADLINE_MS = 5000
const MAX_PAGE = 1024 * 1024
const MAX_LOG = 256 * 1024
const UNITS = ['falc', 'falc-probe']

/** Lines of falc's own log begin with their time in one of two forms. Alerts do not: they may hold what people typed. */
const LOGGED = /^(?:\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000): |^falc-probe: /

/** The last lines that the services have logged, without alerts. */
export async function logLines(count: number): Promise<string> {
  const units = UNITS.flatMap(unit => ['--unit', unit])
  try {
    const args = ['--no-pager', '--quiet', '--output=cat', `--lines=${count}`, ...units]
    const { stdout } = await run('journalctl', args, { timeout: DEADLINE_MS, maxBuffer: 64 * MAX_LOG })
    const own = stdout.split('\n').filter(line => LOGGED.test(line))
    return own
      .map(line => `${line}\n`)
      .join('')
      .slice(-MAX_LOG)
  } catch (error) {
    return `the journal cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'it does not answer'}\n`
  }
}

/** The metrics of the engine that runs with this configuration. */
export async function metricsOf({ webserver }: Config): Promise<string> {
  const { enabled, prometheus_metrics_enabled, ssl_enabled, listen_address, listen_port } = webserver
  if (!enabled || !prometheus_metrics_enabled) return '# webserver.prometheus_metrics_enabled is false\n'
  if (ssl_enabled) return '# not read: the web server has TLS\n'
  const host = ['0.0.0.0', '::', ''].includes(listen_address) ? '127.0.0.1' : listen_address
  try {
    const address = `http://${host.includes(':') ? `[${host}]` : host}:${listen_port}/metrics`
    const response = await fetch(address, { signal: AbortSignal.timeout(DEADLINE_MS), redirect: 'error' })
    return (await bodyOf(response, MAX_PAGE)).toString('utf8')
  } catch (error) {
    return `# no answer: ${(error as Error).name}\n`
  }
}

/** Names and digests: the text of a rule may be confidential. */
export function rulesIn(files: readonly { readonly name: string; readonly content: string }[]) {
  return files.map(({ name, content }) => ({
    ...{ file: name, bytes: Buffer.byteLength(content) },
    sha256: createHash('sha256').update(content).digest('hex'),
    rules: namesIn(content),
  }))
}

function namesIn(content: string): string[] {
  try {
    const items: unknown = parse(content)
    return Array.isArray(items) ? items.flatMap(item => (typeof item?.rule === 'string' ? [item.rule] : [])) : []
  } catch {
    return []
  }
}
