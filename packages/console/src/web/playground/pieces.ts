/** The bytes of an input, piece by piece, decompressed. */
import { Gunzip } from 'fflate'

/** Bytes read at a time; of compressed ones fewer, since they may grow a thousandfold. */
const PIECE = 1 << 20
const COMPRESSED = 1 << 16

/** @param read is called with the number of bytes taken from the input. @throws {Error} when its compression is broken */
export async function* pieces(data: Blob, read: (bytes: number) => void): AsyncGenerator<Uint8Array, void> {
  const [a, b] = new Uint8Array(await data.slice(0, 2).arrayBuffer())
  const isGzip = a === 0x1f && b === 0x8b
  const step = isGzip ? COMPRESSED : PIECE
  const out: Uint8Array[] = []
  const gunzip = new Gunzip(chunk => void out.push(chunk))
  for (let at = 0; at < data.size; at += step) {
    const bytes = new Uint8Array(await data.slice(at, at + step).arrayBuffer())
    if (!isGzip) yield bytes
    else {
      try {
        gunzip.push(bytes, at + step >= data.size)
      } catch (error) {
        throw new Error(`broken gzip stream: ${(error as Error).message}`)
      }
      for (const chunk of out.splice(0)) if (chunk.length > 0) yield chunk
    }
    read(Math.min(data.size, at + step))
  }
}
