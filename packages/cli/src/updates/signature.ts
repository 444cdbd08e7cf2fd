/** Signatures as cosign keeps them: in the same repository, under a tag made of the digest that is signed. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CliError } from '../fail.ts'
import { digestOf, jsonOf, MANIFEST, type Repository } from './registry.ts'

const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json'
const ANNOTATION = 'dev.cosignproject.cosign/signature'
const MAX_PAYLOAD = 64 * 1024
const MAX_SIGNATURES = 20

/** A public key, and the file that it is in. */
export interface TrustedKey {
  readonly path: string
  readonly key: KeyObject
}

/** Reads keys: ECDSA, Ed25519 or RSA, as PEM. @throws {CliError} */
export function readKeys(paths: readonly string[]): TrustedKey[] {
  return paths.map(path => {
    try {
      return { path, key: createPublicKey(readFileSync(path)) }
    } catch (error) {
      throw new CliError(`key ${path}: ${(error as Error).message}`)
    }
  })
}

const tagOf = (digest: string): string => `${digest.replace(':', '-')}.sig`

/** The first of the keys that has signed a manifest; undefined: none. @throws {RegistryError} */
export async function signerOf(
  from: Repository,
  digest: string,
  keys: readonly TrustedKey[],
): Promise<TrustedKey | undefined> {
  const manifest = keys.length === 0 ? undefined : await from.findManifest(tagOf(digest))
  const { layers = [] } = manifest === undefined ? {} : jsonOf(manifest.bytes)
  for (const layer of Array.isArray(layers) ? layers.slice(0, MAX_SIGNATURES) : []) {
    const text = layer?.annotations?.[ANNOTATION]
    if (layer?.mediaType !== PAYLOAD || typeof text !== 'string' || typeof layer.digest !== 'string') continue
    const payload = await from.blob(layer.digest, MAX_PAYLOAD)
    const signature = Buffer.from(text, 'base64')
    const signer = keys.find(({ key }) => verify(hashOf(key), payload, key, signature))
    // A true signature of something else proves nothing.
    if (signer && jsonOf(payload).critical?.image?.['docker-manifest-digest'] === digest) return signer
  }
  return undefined
}

/** Signs a manifest that is in the repository. @param path a private key as PEM, without a password @throws {CliError} */
export async function signManifest(to: Repository, digest: string, identity: string, path: string): Promise<void> {
  let key: KeyObject
  try {
    key = createPrivateKey(readFileSync(path))
  } catch (error) {
    throw new CliError(`key ${path}: ${(error as Error).message}`)
  }
  const image = { 'docker-manifest-digest': digest }
  const critical = { identity: { 'docker-reference': identity }, image, type: 'cosign container image signature' }
  const payload = Buffer.from(JSON.stringify({ critical, optional: null }))
  const config = Buffer.from('{}')
  const layer = {
    ...{ mediaType: PAYLOAD, digest: await to.pushBlob(payload), size: payload.length },
    annotations: { [ANNOTATION]: sign(hashOf(key), payload, key).toString('base64') },
  }
  const manifest = {
    ...{ schemaVersion: 2, mediaType: MANIFEST },
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: [layer],
  }
  await to.pushBlob(config)
  await to.pushManifest(tagOf(digest), Buffer.from(JSON.stringify(manifest)))
}

/** Ed25519 hashes by itself. */
function hashOf({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === 'ed25519' ? null : 'sha256'
}
