/** Signatures of minisign: a key is a line of Base64 below a comment, a signature two lines, the second over the first and a comment. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'

export interface MinisignKey {
  readonly id: Buffer
  readonly key: KeyObject
}

const ID_BYTES = 8
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const COMMENT = 'trusted comment: '

export const isMinisign = (text: string): boolean => text.startsWith('untrusted comment:')

/** @throws {Error} when it is not a public key */
export function readMinisignKey(text: string): MinisignKey {
  const bytes = Buffer.from(text.split(/\r?\n/)[1] ?? '', 'base64')
  if (bytes.length !== 2 + ID_BYTES + KEY_BYTES || bytes.toString('latin1', 0, 2) !== 'Ed')
    throw new Error('it is not a minisign public key')
  const x = bytes.subarray(2 + ID_BYTES).toString('base64url')
  return {
    id: bytes.subarray(2, 2 + ID_BYTES),
    key: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
  }
}

/** Whether a key has signed a message, and the comment that goes with it. */
export function minisigned(message: Buffer, signature: string, { id, key }: MinisignKey): boolean {
  const [, first = '', comment = '', second = ''] = signature.split(/\r?\n/)
  const bytes = Buffer.from(first, 'base64')
  const whole = Buffer.from(second, 'base64')
  if (bytes.length !== 2 + ID_BYTES + SIGNATURE_BYTES || whole.length !== SIGNATURE_BYTES) return false
  if (!comment.startsWith(COMMENT) || !bytes.subarray(2, 2 + ID_BYTES).equals(id)) return false
  const kind = bytes.toString('latin1', 0, 2)
  // 'ED' signs a hash of the message, 'Ed' of earlier releases the message itself.
  if (kind !== 'ED' && kind !== 'Ed') return false
  const signed = kind === 'ED' ? createHash('blake2b512').update(message).digest() : message
  const own = bytes.subarray(2 + ID_BYTES)
  const said = Buffer.concat([own, Buffer.from(comment.slice(COMMENT.length))])
  return verify(null, signed, key, own) && verify(null, said, key, whole)
}
