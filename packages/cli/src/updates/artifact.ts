import { CliError } from '../fail.ts'
import { nameOf, type Reference } from './reference.ts'
import { digestOf, jsonOf, MANIFEST, type Repository } from './registry.ts'
import { pack, type TarFile, unpack } from './tar.ts'

/** falcoctl's types of artifacts with rules. */
const CONFIG = 'application/vnd.cncf.falco.rulesfile.config.v1+json'
const LAYER = 'application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz'

const MAX_CONFIG = 64 * 1024
const MAX_LAYER = 16 * 1024 * 1024

/** The description of an artifact. */
export interface ArtifactConfig {
  readonly name?: string
  readonly version?: string
  /** Plugins, each with what may take its place. */
  readonly dependencies: readonly Dependency[]
  readonly requirements: readonly { readonly name: string; readonly version: string }[]
}

interface Dependency {
  readonly name: string
  readonly version: string
  readonly alternatives?: readonly { readonly name: string; readonly version: string }[]
}

export interface Artifact {
  readonly digest: string
  readonly config: ArtifactConfig
  readonly files: readonly TarFile[]
}

/** Reads what a manifest names. @throws {CliError} when it holds no rules, or those of another artifact */
export async function readArtifact(from: Repository, where: Reference, bytes: Buffer): Promise<Artifact> {
  const { config, layers } = jsonOf(bytes)
  if (config?.mediaType !== CONFIG)
    throw new CliError(`its type is ${JSON.stringify(config?.mediaType)?.slice(0, 100)}, not that of rules`)
  const [layer, ...more] = Array.isArray(layers) ? layers : []
  if (layer?.mediaType !== LAYER || more.length > 0) throw new CliError('it must have exactly one layer with rules')
  for (const { digest, size } of [config, layer])
    if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest) || !Number.isInteger(size))
      throw new CliError('its manifest is damaged')
  if (config.size > MAX_CONFIG || layer.size > MAX_LAYER)
    throw new CliError(`it is larger than ${MAX_LAYER / 1024 / 1024} MiB`)
  const said = readConfig(jsonOf(await from.blob(config.digest, config.size)))
  // A signature is of a digest: one artifact must not be passed off as another.
  if (said.name !== undefined && said.name !== nameOf(where))
    throw new CliError(`its manifest names it "${said.name}", not "${nameOf(where)}"`)
  const files = unpack(await from.blob(layer.digest, layer.size))
  if (!files.some(({ name }) => /\.ya?ml$/.test(name))) throw new CliError('it holds no YAML file')
  return { digest: digestOf(bytes), config: said, files }
}

/**
 * Writes an artifact, and then each of the tags.
 * @param sign is called when the manifest is there but no tag leads to it yet, so a client that follows the tag finds the signature
 * @returns its digest
 * @throws {RegistryError}
 */
export async function pushArtifact(
  to: Repository,
  config: ArtifactConfig,
  files: readonly TarFile[],
  tags: readonly string[],
  sign: (digest: string) => Promise<void> = async () => {},
): Promise<string> {
  const parts = [Buffer.from(JSON.stringify(config)), pack(files)] as const
  const [configDigest, layerDigest] = [await to.pushBlob(parts[0]), await to.pushBlob(parts[1])]
  const manifest = Buffer.from(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: MANIFEST },
      config: { mediaType: CONFIG, digest: configDigest, size: parts[0].length },
      layers: [{ mediaType: LAYER, digest: layerDigest, size: parts[1].length }],
    }),
  )
  const digest = digestOf(manifest)
  await to.pushManifest(digest, manifest)
  await sign(digest)
  for (const tag of tags) await to.pushManifest(tag, manifest)
  return digest
}

function readConfig({ name, version, dependencies, requirements }: Record<string, unknown>): ArtifactConfig {
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof version === 'string' && { version }),
    dependencies: listOf(dependencies).map(one => ({
      ...named(one),
      alternatives: listOf(one.alternatives).map(named),
    })),
    requirements: listOf(requirements).map(named),
  }
}

function listOf(value: unknown): Record<string, unknown>[] {
  return (Array.isArray(value) ? value : []).filter(one => typeof one === 'object' && one !== null)
}

function named({ name, version }: Record<string, unknown>): { name: string; version: string } {
  if (typeof name === 'string' && typeof version === 'string') return { name, version }
  throw new CliError('its requirements are damaged')
}

/** Its requirements as a rules file: loading it before the rules checks them. */
export function requirementsOf({ dependencies, requirements }: ArtifactConfig): string {
  const engine = requirements.find(({ name }) => name === 'engine_version_semver' || name === 'engine_version')
  const unknown = requirements.find(one => one !== engine)
  if (unknown !== undefined)
    throw new CliError(`it requires ${unknown.name} ${unknown.version}, which falc does not know`)
  return JSON.stringify([
    ...(engine ? [{ required_engine_version: engine.version }] : []),
    ...(dependencies.length > 0 ? [{ required_plugin_versions: dependencies }] : []),
  ])
}
