import type { Source } from '@falc/engine'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { readArtifact } from './artifact.ts'
import type { Generations, Installed, Refused } from './generations.ts'
import { nameOf, printReference, type Reference } from './reference.ts'
import { RegistryError, type RegistryOptions, Repository } from './registry.ts'
import { isOf, readKeys, signerOf } from './signature.ts'
import { type Trial, tried } from './trial.ts'

export interface UpdateOptions {
  readonly config: Config
  readonly sources: readonly Source[]
  readonly generations: Generations
  /** Everything is tried, and nothing is put into force. */
  readonly dryRun?: boolean
  /** Take a version that is older than the installed one, or that was rolled back. */
  readonly force?: boolean
}

/** A version that was looked at and is not to be installed. */
export class RefusedError extends CliError {
  readonly refused: Refused

  constructor(refused: Refused) {
    super(refused.reason)
    this.refused = refused
  }
}

export interface Updated {
  readonly installed: Installed
  readonly before: Installed | undefined
  readonly trial: Trial
}

/**
 * Installs what a reference leads to: fetched, its signature and its requirements checked, loaded with all other rules, its own tests
 * run, and put into force in one step.
 * @returns undefined: it is installed already
 * @throws {RegistryError} when the registry does not give it
 * @throws {RefusedError} when it is not to be installed
 */
export async function update(where: Reference, options: UpdateOptions): Promise<Updated | undefined> {
  const { config, generations, force = false } = options
  const name = nameOf(where)
  const from = new Repository(where, registryOptions(config))
  const { digest, bytes } = await from.manifest(where.version)
  const before = generations.state.artifacts.find(one => one.name === name)
  if (before?.digest === digest) return undefined
  const held = generations.refused.find(one => one.digest === digest && one.held)
  if (held && !force) throw new RefusedError(held)
  try {
    const signer = await signerOf(from, digest, readKeys(config.updates.keys))
    if (!signer && !config.updates.allow_unsigned)
      throw new CliError(
        config.updates.keys.length === 0
          ? 'there is no key to check its signature with: set updates.keys, or updates.allow_unsigned'
          : 'none of updates.keys has signed it',
      )
    const artifact = await readArtifact(from, where, bytes)
    if (signer && !isOf(signer.identity, where))
      throw new CliError(`its signature is for "${signer.identity}", and not for "${where.repository}"`)
    const { version } = artifact.config
    if (!force && isOlder(version, before?.version))
      throw new CliError(`version ${version} is older than ${before?.version}, which is installed`)
    const installed = {
      ...{ name, reference: printReference(where), digest, version, signedBy: signer?.path },
      installed: new Date().toISOString(),
    }
    const next = generations.prepare(artifact, installed)
    try {
      const trial = await tried(artifact, { ...options, current: generations.current, next, name })
      if (!options.dryRun) {
        generations.enforce(next)
        generations.allow(installed)
      }
      return { installed, before, trial }
    } finally {
      // What fails after the step, on a full disk for instance, must not remove the rules in force.
      if (!generations.isInForce(next)) generations.drop(next)
    }
  } catch (error) {
    if (!(error instanceof CliError) || error instanceof RegistryError) throw error
    throw new RefusedError({ name, digest, reason: error.message, held: false })
  }
}

export function registryOptions({ updates }: Config): RegistryOptions {
  return { plain: updates.plain_http, credentials: updates.credentials || undefined }
}

/** Of two versions that are both numbers with dots. */
function isOlder(version: string | undefined, than: string | undefined): boolean {
  const [a, b] = [version, than].map(text =>
    (/^v?\d+(\.\d+)*/.exec(text ?? '')?.[0] ?? '').replace('v', '').split('.').map(Number.parseFloat),
  )
  if (version === undefined || than === undefined || a!.includes(Number.NaN) || b!.includes(Number.NaN)) return false
  for (let i = 0; i < Math.max(a!.length, b!.length); i++) {
    const difference = (a![i] ?? 0) - (b![i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
