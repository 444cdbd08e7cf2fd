import { accessSync, constants, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { formatResult } from '@falc/engine'
import { transportOf } from '@falc/outputs'
import { parseOpenParams } from '@falc/sources-k8saudit'
import { addressOf } from '../address.ts'
import { type Config, loadConfig, rulesFiles } from '../config/config.ts'
import { ConfigError } from '../config/error.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { type Finding, found, missing, optional } from '../machine/finding.ts'
import { makeEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { addressesOf } from './addresses.ts'
import { certificateFindings } from './certificates.ts'
import { kubernetesFindings } from './kubernetes.ts'

/** Milliseconds that a server has to accept a connection. */
const TIMEOUT_MS = 2000

/** Whether a falco.yaml can be used here: its keys, rules, paths, ports and servers. */
export async function configurationFindings(path: string): Promise<Finding[]> {
  let config: Config
  try {
    config = loadConfig(path, [])
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [missing('configuration', error.message, `correct ${path}`)]
  }
  const warnings = config.warnings.map(text => optional('configuration', text, 'docs/config.md lists all keys'))
  const files = paths(config)
  const unread = new Set(files.filter(({ state }) => state === 'missing').map(({ name }) => name))
  return [
    ...(warnings.length > 0 ? warnings : [found('configuration', path)]),
    ...(await rules(config)),
    ...files,
    ...certificateFindings(config).filter(({ name }) => !unread.has(name)),
    ...(await ports(config)),
    ...(await servers(config)),
  ]
}

async function rules(config: Config): Promise<Finding[]> {
  const name = 'rules'
  const remedy = 'correct rules_files and the rules'
  const absent: string[] = []
  try {
    const files = readRules(rulesFiles(config), file => absent.push(file))
    if (files.length === 0)
      return [
        missing(name, absent.length === 0 ? 'rules_files is empty' : `no file exists: ${absent.join(', ')}`, remedy),
      ]
    const { engine, report } = makeEngine(engineOptions(config), { sources: await loadSources() }, files)
    const invalid = report.files.filter(file => file.errors.length > 0)
    if (invalid.length > 0) return [missing(name, invalid.map(file => formatResult(file).trimEnd()).join('\n'), remedy)]
    const enabled = report.rules.filter(rule => rule.enabled).length
    if (enabled === 0) return [missing(name, 'no rule is enabled', remedy)]
    const text = `${count(enabled, 'rule')} in ${count(files.length, 'file')}`
    const loaded =
      absent.length === 0 ? found(name, text) : optional(name, `${text}; skipped: ${absent.join(', ')}`, remedy)
    const uses = ['syscall', 'k8s_audit'].flatMap(source => engine.ruleUses(source))
    return [loaded, ...(await kubernetesFindings(config, uses))]
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return [missing(name, error.message, remedy)]
  }
}

/** Files that are read and folders that are written to. */
function paths(config: Config): Finding[] {
  const { file_output: file, http_output: http, webserver, metrics, capture, plugins, response, admission } = config
  const reads: [key: string, path: string][] = []
  const writes: [key: string, path: string, made?: 'folder'][] = []
  if (webserver.enabled && webserver.ssl_enabled) reads.push(['webserver.ssl_certificate', webserver.ssl_certificate])
  if (http.enabled) {
    for (const key of ['ca_cert', 'ca_bundle', 'ca_path'] as const)
      if (http[key] !== '') reads.push([`http_output.${key}`, http[key]])
    if (http.mtls)
      reads.push(['http_output.client_cert', http.client_cert], ['http_output.client_key', http.client_key])
  }
  if (audit(config)?.tls) reads.push(['sslCertificate of k8saudit', plugins.settings.k8saudit.sslCertificate])
  const { tokenFile } = plugins.settings.k8saudit
  if (audit(config) && tokenFile) reads.push(['tokenFile of k8saudit', tokenFile])
  if (admission.certificate_key !== '') reads.push(['admission.certificate_key', admission.certificate_key])
  for (const path of response.playbooks) reads.push(['response.playbooks', path])
  if (response.playbooks.length > 0) writes.push(['response.folder', response.folder, 'folder'])
  for (const { name, type, enabled, queue, options } of config.outputs) {
    if (!enabled) continue
    // Of others it is a part of an address.
    const isFile = transportOf(type)?.options.path?.kind === 'path'
    if (isFile && typeof options.path === 'string') writes.push([`output ${name}: path`, options.path])
    if (queue.disk !== undefined) writes.push([`output ${name}: queue.disk`, queue.disk, 'folder'])
  }
  if (config.engine.kind === 'replay') reads.push(['engine.replay.capture_file', config.engine.replay.capture_file])
  if (file.enabled) writes.push(['file_output.filename', file.filename])
  if (metrics.enabled && metrics.output_file !== '') writes.push(['metrics.output_file', metrics.output_file])
  if (capture.enabled) writes.push(['capture.path_prefix', `${capture.path_prefix}_`])
  return [
    ...reads.map(([key, path]) => access(key, path, () => path, constants.R_OK, 'read')),
    ...writes.map(([key, path, made]) => {
      const place = () => (made === 'folder' ? nearest(path) : existing(path))
      return access(key, path, place, constants.W_OK, 'written')
    }),
  ]
}

/** The file itself, or the folder that it would be made in. @throws {Error} when a folder on the way may not be entered */
function existing(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) ? path : dirname(path)
}

/** The folder itself, or the nearest one above it, since falc makes those between. @throws {Error} as `existing` */
function nearest(path: string): string {
  let at = resolve(path)
  while (!statSync(at, { throwIfNoEntry: false }) && at !== dirname(at)) at = dirname(at)
  // A file is no place for a folder.
  return `${at}/`
}

function access(key: string, shown: string, place: () => string, mode: number, verb: string): Finding {
  try {
    accessSync(place(), mode)
    return found(key, shown)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return missing(key, `${shown} cannot be ${verb}: ${code}`, 'create it, or give the user that falc runs as access')
  }
}

function audit({ plugins }: Config) {
  const from = plugins.used.find(({ name }) => name === 'k8saudit')?.openParams
  if (!from) return undefined
  try {
    const params = parseOpenParams(from)
    return params.kind === 'webhook' ? params : undefined
  } catch {
    return undefined
  }
}

/** Ports that falc listens on. */
async function ports(config: Config): Promise<Finding[]> {
  const { webserver, admission, console } = config
  const hook = audit(config)
  const webhook = admission.certificate === '' ? undefined : addressOf(admission.listen, 'admission.listen')
  const seat = console.enabled ? addressOf(console.listen, 'console.listen') : undefined
  const listening: [key: string, host: string | undefined, port: number][] = [
    ...(webserver.enabled ? [['webserver', webserver.listen_address, webserver.listen_port] as const] : []),
    ...(hook ? [['webhook of k8saudit', hook.host, hook.port] as const] : []),
    ...(webhook ? [['admission', webhook.host, webhook.port] as const] : []),
    ...(seat ? [['console', seat.host, seat.port] as const] : []),
  ].map(([key, host, port]) => [key, host || undefined, port])
  return Promise.all(listening.map(([key, host, port]) => free(key, host, port)))
}

function free(key: string, host: string | undefined, port: number): Promise<Finding> {
  const address = `${host ?? '*'}:${port}`
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      const remedy =
        error.code === 'EADDRINUSE' ? 'choose another port, or stop what listens there' : 'choose another address'
      resolve(missing(key, `${address}: ${error.code}`, remedy))
    })
    server.listen(port, host, () => server.close(() => resolve(found(key, `${address} is free`))))
  })
}

/** Servers that alerts are sent to. */
async function servers(config: Config): Promise<Finding[]> {
  const { http_output: http } = config
  const listed = addressesOf(config).map(({ output, shown, host, port }) =>
    reached(`output ${output}`, shown, host, port),
  )
  const key = 'http_output.url'
  if (!http.enabled) return Promise.all(listed)
  if (!URL.canParse(http.url)) return [missing(key, 'it is not a URL', 'correct it')]
  const { protocol, hostname, port } = new URL(http.url)
  if (protocol !== 'http:' && protocol !== 'https:')
    return [missing(key, `${protocol}//… is not http or https`, 'correct it')]
  const number = Number(port || (protocol === 'https:' ? 443 : 80))
  return Promise.all([
    reached(key, `${protocol}//${hostname}:${number}`, hostname.replace(/^\[|\]$/g, ''), number),
    ...listed,
  ])
}

async function reached(key: string, shown: string, host: string, port: number): Promise<Finding> {
  const reason = await unreachable(host, port)
  if (reason === undefined) return found(key, `${shown} accepts connections`)
  const remedy = 'start the server; meanwhile alerts for it wait, or are lost and counted'
  return optional(key, `${shown}: ${reason}`, remedy)
}

/** undefined = the server accepts connections. */
function unreachable(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS })
    const end = (reason?: string) => {
      socket.destroy()
      resolve(reason)
    }
    socket.once('connect', () => end())
    socket.once('timeout', () => end(`no answer within ${TIMEOUT_MS / 1000} s`))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}
