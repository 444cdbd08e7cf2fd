import type { IncomingMessage } from 'node:http'

/**
 * Reads the body of an answer up to a number of bytes, then closes the connection.
 * @param each takes its pieces instead
 */
export function readUpTo(
  response: IncomingMessage,
  max: number,
  each?: (piece: Buffer) => void,
): Promise<{ body: string; cut: boolean }> {
  const chunks: Buffer[] = []
  let size = 0
  return new Promise(resolve => {
    const done = () => {
      const body = chunks.length === 0 ? '' : Buffer.concat(chunks).toString()
      resolve({ body, cut: size > max || !response.complete })
    }
    response.on('data', (chunk: Buffer) => {
      if (each) return each(chunk)
      if (size <= max) chunks.push(chunk.subarray(0, max - size))
      size += chunk.length
      if (size > max) response.destroy()
    })
    response.on('end', done)
    response.on('close', done)
    response.on('error', done)
  })
}
