import { basename } from 'node:path'
import { addressOf } from '../address.ts'
import { defineCommand, print } from '../command.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { CliError, subcommandError } from '../fail.ts'
import type { FlagValues } from '../flags.ts'
import { Log } from '../log.ts'
import type { Series } from '../meter/counts.ts'
import { seriesPage } from '../meter/page.ts'
import { printable } from '../printable.ts'
import { readFile } from '../read-file.ts'
import { stopSignal } from '../respond/inputs.ts'
import { configPath } from '../run/loader.ts'
import { startWebserver } from '../run/webserver.ts'
import { loadSources } from '../sources/load.ts'
import { pushArtifact } from '../updates/artifact.ts'
import { Follower, sentence } from '../updates/follow.ts'
import { Generations } from '../updates/generations.ts'
import { listed, resolved } from '../updates/listed.ts'
import { nameOf, parseReference } from '../updates/reference.ts'
import { RegistryError, Repository } from '../updates/registry.ts'
import { signManifest } from '../updates/signature.ts'
import { registryOptions, type Updated, update } from '../updates/update.ts'
import { versionText } from '../version.ts'
import { ruleText } from './diff.ts'

const FLAGS = {
  config: { short: 'c', value: 'FILE', help: 'Configuration (default: /etc/falco/falco.yaml, if it exists)' },
  option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
  'dry-run': { help: 'install: do everything except the last step' },
  force: { help: 'install: accept an older version, or one that was rolled back' },
  json: { help: 'list: the state as JSON' },
  metrics: { value: 'HOST:PORT', help: 'follow: serve /metrics and /healthz here' },
  version: { value: 'X.Y.Z', help: 'push: the version, which also gives the tags X.Y, X and latest' },
  engine: { value: 'X.Y.Z', help: 'push: the engine version that the rules require' },
  sign: { value: 'KEY', help: 'push: sign with this private key (PEM: ECDSA or Ed25519; or of minisign)' },
} as const

type RulesFlags = FlagValues<typeof FLAGS>

export const rulesCommand = defineCommand({
  name: 'rules',
  usage: 'install REF… | follow [REF…] | list | rollback | search [WORD] | push REF FILE… [FLAGS]',
  summary: 'Install rules from a registry, signed and tested, and keep them up to date (docs/rules-updates.md)',
  flags: FLAGS,
  run(flags, [verb, ...rest]) {
    const action = verb !== undefined && Object.hasOwn(VERBS, verb) ? VERBS[verb]! : undefined
    if (!action) throw subcommandError('rules', verb, Object.keys(VERBS))
    return action(flags, loadConfig(configPath(flags.config), flags.option), rest)
  },
})

type Verb = (flags: RulesFlags, config: Config, rest: readonly string[]) => Promise<number> | number

const VERBS: Readonly<Record<string, Verb>> = { install, follow, list, rollback, search, push }

async function install(flags: RulesFlags, config: Config, references: readonly string[]): Promise<number> {
  if (references.length === 0)
    throw new CliError('install needs a reference: REGISTRY/REPOSITORY:TAG, or a name of an index')
  const generations = new Generations(config.updates.folder)
  const options = { config, sources: await loadSources(), generations, dryRun: flags['dry-run'], force: flags.force }
  for (const text of references) {
    const where = await resolved(text, config)
    const updated = await generations.locked(() => update(where, options))
    if (updated) show(updated)
    else print(`${nameOf(where)} is up to date\n`)
  }
  return 0
}

function show(updated: Updated): void {
  print(printable(`${sentence(updated)}\n${updated.trial.changes.map(ruleText).join('')}`, '\n'))
}

async function follow(flags: RulesFlags, config: Config, references: readonly string[]): Promise<number> {
  const wanted = references.length > 0 ? references : config.updates.artifacts
  if (wanted.length === 0) throw new CliError('follow needs references, or updates.artifacts in falco.yaml (-c FILE)')
  const log = new Log(config)
  await log.during(() => followAll(wanted, flags, config, log))
  return 0
}

/** Until a signal asks to stop. */
async function followAll(wanted: readonly string[], flags: RulesFlags, config: Config, log: Log): Promise<void> {
  const artifacts = await Promise.all(
    wanted.map(text =>
      resolved(text, config).catch((error: unknown) => {
        if (error instanceof RegistryError && error.again) return text
        throw error
      }),
    ),
  )
  const generations = new Generations(config.updates.folder)
  const options = { config, sources: await loadSources(), generations }
  const follower = new Follower(artifacts, options, log, updated => {
    log.info(`Installed ${sentence(updated)}`)
    for (const change of updated.trial.changes) log.info(ruleText(change).trimEnd())
  })
  const server = flags.metrics === undefined ? undefined : await pages(flags.metrics, config, follower, log)
  const stop = new AbortController()
  void stopSignal().then(() => stop.abort())
  log.info(`Following ${wanted.join(', ')}`)
  await follower.run(stop.signal)
  server?.stop()
}

function pages(address: string, { webserver }: Config, follower: Follower, log: Log) {
  const { host, port } = addressOf(address, '--metrics')
  const settings = { ...webserver, listen_address: host, listen_port: port, prometheus_metrics_enabled: true }
  const metrics = (_: unknown, own: readonly Series[]) => seriesPage([...follower.series(), ...own])
  return startWebserver(settings, { versions: () => versionText(true), metrics }, log)
}

function list({ json }: RulesFlags, { updates }: Config): number {
  const generations = new Generations(updates.folder)
  const { state, refused } = generations
  if (json) print(`${JSON.stringify({ ...state, refused })}\n`)
  else {
    for (const { name, version, reference, digest, signedBy, installed } of state.artifacts)
      print(
        `${name} ${version ?? ''}\n    ${reference} ${digest}\n    ${signedBy ? `signed by ${signedBy}` : 'not signed'}, installed ${installed}\n`,
      )
    for (const { name, digest, reason } of refused)
      print(printable(`${name}: not installed: ${digest}: ${reason}\n`, '\n'))
    if (state.artifacts.length === 0) print('no artifacts\n')
  }
  return 0
}

async function rollback(_: RulesFlags, { updates }: Config): Promise<number> {
  const generations = new Generations(updates.folder)
  const { before, now } = await generations.locked(() => generations.rollBack())
  for (const { name, version, digest } of before.artifacts) {
    const other = now.artifacts.find(one => one.name === name)
    if (other?.digest !== digest)
      print(
        `${name}: ${version ?? digest} → ${other === undefined ? 'not installed' : (other.version ?? other.digest)}\n`,
      )
  }
  return 0
}

async function search(_: RulesFlags, config: Config, [word = '']: readonly string[]): Promise<number> {
  const sought = word.toLowerCase()
  const found = (await listed(config)).filter(({ name, description, keywords }) =>
    [name, description, ...keywords].some(text => text.toLowerCase().includes(sought)),
  )
  for (const { name, registry, repository, description } of found)
    print(printable(`${name}: ${description}\n    ${registry}/${repository}\n`, '\n'))
  return found.length > 0 ? 0 : 1
}

async function push(flags: RulesFlags, config: Config, [reference, ...paths]: readonly string[]): Promise<number> {
  if (reference === undefined || paths.length === 0) throw new CliError('push needs a reference and files')
  const where = parseReference(reference)
  const { version, engine, sign } = flags
  if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version))
    throw new CliError(`--version must be X.Y.Z, not "${version}"`)
  const files = paths.map(path => ({ name: basename(path), content: contentOf(path) }))
  const requirements = engine === undefined ? [] : [{ name: 'engine_version_semver', version: engine }]
  const said = { name: nameOf(where), ...(version && { version }), dependencies: [], requirements }
  const [major = '', minor = ''] = version?.split('.') ?? []
  const tags = version === undefined ? [where.version] : [version, `${major}.${minor}`, major, 'latest']
  const to = new Repository(where, registryOptions(config))
  const signed = (digest: string) => signManifest(to, digest, `${where.registry}/${where.repository}`, sign!)
  const digest = await pushArtifact(to, said, files, tags, sign === undefined ? undefined : signed)
  print(`${where.registry}/${where.repository}@${digest} ${tags.join(' ')}\n`)
  return 0
}

/** @throws {CliError} */
function contentOf(path: string): Buffer {
  try {
    return readFile(path)
  } catch (error) {
    throw new CliError(`Could not read ${path}: ${(error as Error).message}`)
  }
}
