import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { findList, skipSpace, ValueScan } from '../json/scan.ts'

const compress = promisify(gzip)
const decompress = promisify(gunzip)

/** The members of a list beside its items, which every part repeats. */
const MAX_ENVELOPE = 64 * 1024

/**
 * Cuts the text of a list of events into texts of lists that take at most `maxBytes` each, if its items fit: a larger item is a list by
 * itself. A text that is not a list, or cannot be cut, is returned as it is. The same text gives the same parts.
 */
export function partsOf(text: string, maxBytes: number): string[] {
  const span = findList(text, 'items', false)
  if (!span || text.length - (span.to - span.from) > MAX_ENVELOPE) return [text]
  const [before, after] = [text.slice(0, span.from), text.slice(span.to)]
  const room = maxBytes - Buffer.byteLength(before) - Buffer.byteLength(after)
  const parts: string[] = []
  let items: string[] = []
  let size = 0
  const cut = () => {
    if (items.length > 0) parts.push(`${before}${items.join(',')}${after}`)
    items = []
    size = 0
  }
  const scan = new ValueScan()
  for (let at = skipSpace(text, span.from); at < span.to; ) {
    const end = Math.min(scan.run(text, at), span.to)
    const item = text.slice(at, end)
    const bytes = Buffer.byteLength(item) + 1
    if (size + bytes > room) cut()
    items.push(item)
    size += bytes
    at = end + 1
    // What follows is not the next item: the worker that gets it says what is wrong.
    if (end < span.to && text[end] !== ',') return [text]
  }
  cut()
  return parts.length === 0 ? [text] : parts
}

export interface Encoded {
  readonly data: Uint8Array
  readonly gzip: boolean
}

/** A text as a message of at most `maxBytes`, compressed if it has to be. undefined: it is too large. */
export async function encode(text: string | Buffer, maxBytes: number): Promise<Encoded | undefined> {
  const data = typeof text === 'string' ? Buffer.from(text) : text
  if (data.length <= maxBytes) return { data, gzip: false }
  const smaller = await compress(data)
  return smaller.length <= maxBytes ? { data: smaller, gzip: true } : undefined
}

/** The body of a message. @throws {Error} when it is not what it says, or larger than `maxBytes`: then its code is ERR_BUFFER_TOO_LARGE */
export async function decode({ data, gzip }: Encoded, maxBytes: number): Promise<Buffer> {
  const plain = gzip
    ? await decompress(data, { maxOutputLength: maxBytes })
    : Buffer.from(data.buffer, data.byteOffset, data.length)
  if (plain.length > maxBytes) throw Object.assign(new Error('too large'), { code: 'ERR_BUFFER_TOO_LARGE' })
  return plain
}
