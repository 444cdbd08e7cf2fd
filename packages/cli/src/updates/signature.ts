/**
 * Signatures as cosign keeps them: in the same repository, under a tag made of the digest that is signed. Signatures of minisign are
 * stored the same way.
 */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../fail.ts'
import { readFile } from '../read-file.ts'
import { isMinisign, type MinisignKey, minisigned, readMinisignKey } from './minisign.ts'
import type { Reference } from './reference.ts'
import { digestOf, jsonOf, MANIFEST, type Repository } from './registry.ts'

const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json'
const COSIGN = 'dev.cosignproject.cosign/signature'
const MINISIGN = 'io.github.falc-engine.minisign'
const MAX_PAYLOAD = 64 * 1024
const MAX_SIGNATURES = 20

/** A public key, and the file that it is in. */
export interface TrustedKey {
  readonly path: string
  readonly key: KeyObject | MinisignKey
}

/** The signer of a manifest, and the identity that the signature states. */
export interface Signed {
  readonly path: string
  /** The repository, as it was called where it was signed; '' when the signature does not say. */
  readonly identity: string
}

const isOfMinisign = (key: TrustedKey['key']): key is MinisignKey => 'id' in key

/** Reads keys: ECDSA, Ed25519 or RSA, as PEM, or of minisign. @throws {CliError} */
export function readKeys(paths: readonly string[]): TrustedKey[] {
  return paths.map(path => {
    try {
      const text = readFile(path).toString('utf8')
      return { path, key: isMinisign(text) ? readMinisignKey(text) : createPublicKey(text) }
    } catch (error) {
      throw new CliError(`key ${path}: ${(error as Error).message}`)
    }
  })
}

const tagOf = (digest: string, kind: 'sig' | 'minisig'): string => `${digest.replace(':', '-')}.${kind}`

/** The first of the keys that has signed a manifest; undefined: none. @throws {RegistryError} */
export async function signerOf(
  from: Repository,
  digest: string,
  keys: readonly TrustedKey[],
): Promise<Signed | undefined> {
  const [ours, others] = [keys.filter(({ key }) => isOfMinisign(key)), keys.filter(({ key }) => !isOfMinisign(key))]
  return (await found(from, digest, others, 'sig')) ?? (await found(from, digest, ours, 'minisig'))
}

async function found(
  from: Repository,
  digest: string,
  keys: readonly TrustedKey[],
  kind: 'sig' | 'minisig',
): Promise<Signed | undefined> {
  const manifest = keys.length === 0 ? undefined : await from.findManifest(tagOf(digest, kind))
  const { layers = [] } = manifest === undefined ? {} : jsonOf(manifest.bytes)
  for (const layer of Array.isArray(layers) ? layers.slice(0, MAX_SIGNATURES) : []) {
    const text = layer?.annotations?.[kind === 'sig' ? COSIGN : MINISIGN]
    if (layer?.mediaType !== PAYLOAD || typeof text !== 'string' || typeof layer.digest !== 'string') continue
    const payload = await from.blob(layer.digest, MAX_PAYLOAD)
    const signer = keys.find(({ key }) => holds(payload, text, key))
    const { image, identity } = (signer && jsonOf(payload).critical) ?? {}
    // A true signature of something else proves nothing.
    if (!signer || image?.['docker-manifest-digest'] !== digest) continue
    const name = identity?.['docker-reference']
    return { path: signer.path, identity: typeof name === 'string' ? name : '' }
  }
  return undefined
}

function holds(payload: Buffer, text: string, key: TrustedKey['key']): boolean {
  if (isOfMinisign(key)) return minisigned(payload, text, key)
  return verify(hashOf(key), payload, key, Buffer.from(text, 'base64'))
}

/**
 * Whether a signature is of what is asked for: one key may sign many artifacts. A mirror may put folders in front.
 * @param identity `HOST/REPOSITORY`, maybe without the host or with a tag or digest
 */
export function isOf(identity: string, { repository }: Reference): boolean {
  const path = identity.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const own = path.replace(/^(?:[^/]*[.:][^/]*|localhost)\//, '')
  return own !== '' && (repository === own || repository.endsWith(`/${own}`))
}

/**
 * Signs a manifest that is in the repository.
 * @param path a private key: PEM without a password, or one of minisign, whose program is asked to sign
 * @throws {CliError}
 */
export async function signManifest(to: Repository, digest: string, identity: string, path: string): Promise<void> {
  const image = { 'docker-manifest-digest': digest }
  const critical = { identity: { 'docker-reference': identity }, image, type: 'cosign container image signature' }
  const payload = Buffer.from(JSON.stringify({ critical, optional: null }))
  const [kind, annotations] = signatureOf(payload, path)
  const config = Buffer.from('{}')
  const layer = { mediaType: PAYLOAD, digest: await to.pushBlob(payload), size: payload.length, annotations }
  const manifest = {
    ...{ schemaVersion: 2, mediaType: MANIFEST },
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: [layer],
  }
  await to.pushBlob(config)
  await to.pushManifest(tagOf(digest, kind), Buffer.from(JSON.stringify(manifest)))
}

function signatureOf(payload: Buffer, path: string): ['sig' | 'minisig', Record<string, string>] {
  try {
    const text = readFile(path).toString('utf8')
    if (isMinisign(text)) return ['minisig', { [MINISIGN]: byMinisign(payload, path) }]
    const key = createPrivateKey(text)
    return ['sig', { [COSIGN]: sign(hashOf(key), payload, key).toString('base64') }]
  } catch (error) {
    throw new CliError(`key ${path}: ${(error as Error).message}`)
  }
}

/** It asks for the key's password. */
function byMinisign(payload: Buffer, path: string): string {
  const work = mkdtempSync(join(tmpdir(), 'falc-sign-'))
  try {
    writeFileSync(join(work, 'payload'), payload)
    const args = ['-S', '-s', path, '-m', join(work, 'payload'), '-x', join(work, 'signature')]
    execFileSync('minisign', args, { stdio: ['inherit', 'ignore', 'inherit'] })
    return readFileSync(join(work, 'signature'), 'utf8')
  } finally {
    rmSync(work, { recursive: true })
  }
}

/** Ed25519 includes the hash. */
function hashOf({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === 'ed25519' ? null : 'sha256'
}
