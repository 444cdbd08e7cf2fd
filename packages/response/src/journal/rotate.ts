/** Writes the next file of a journal while entries still arrive, in pieces, so that it blocks nothing for long. */
import { closeSync, fsync, openSync, read, rmSync, write } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { carried } from './carry.ts'
import { NO_SUM, readJournalText, type Sealed, seal } from './format.ts'

/** Bytes that are read, and entries that are written, at a time: a few milliseconds. */
const PIECE = 256 << 10
const ENTRIES = 400

const [readAt, writeAt, synced] = [promisify(read), promisify(write), promisify(fsync)]

export interface Begun {
  readonly fd: number
  /** The last entry's checksum. */
  readonly sum: string
  readonly bytes: number
}

/**
 * Entries in the form of a file: sealed again, with their numbers and times.
 * @param sum the checksum before
 */
export function resealed(entries: readonly Sealed[], sum: string): { readonly text: string; readonly sum: string } {
  let [text, last] = ['', sum]
  for (const entry of entries) {
    const next = seal(entry, entry.seq, new Date(entry.time), last)
    text += next.line
    last = next.sum
  }
  return { text, sum: last }
}

/**
 * Writes what of a file's beginning is still to be known into a new one, on disk when it resolves.
 * @param bytes of whole entries
 * @param since milliseconds since 1970, as for `carried`
 * @throws {Error} when the file is damaged, or the new one cannot be written
 */
export async function beginNext(file: number, bytes: number, next: string, since: number): Promise<Begun> {
  const entries = carried(await entriesOf(file, bytes), since)
  rmSync(next, { force: true })
  const fd = openSync(next, 'ax+', 0o600)
  try {
    let [sum, size] = [NO_SUM, 0]
    for (let i = 0; i < entries.length; i += ENTRIES) {
      const piece = resealed(entries.slice(i, i + ENTRIES), sum)
      const buffer = Buffer.from(piece.text)
      for (let written = 0; written < buffer.length; )
        written += (await writeAt(fd, buffer, written, buffer.length - written, null)).bytesWritten
      sum = piece.sum
      size += buffer.length
      await turn()
    }
    await synced(fd)
    return { fd, sum, bytes: size }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

async function entriesOf(file: number, bytes: number): Promise<Sealed[]> {
  const entries: Sealed[] = []
  let sum = NO_SUM
  let rest = Buffer.alloc(0)
  for (let at = 0; at < bytes; ) {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE, bytes - at))
    const { bytesRead } = await readAt(file, buffer, 0, buffer.length, at)
    if (bytesRead === 0) throw new Error('the file is shorter than it was')
    at += bytesRead
    const piece = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
    const end = piece.lastIndexOf(10) + 1
    rest = piece.subarray(end)
    const found = readJournalText(piece.toString('utf8', 0, end), sum)
    if (found.damage !== undefined) throw new Error(found.damage)
    for (const entry of found.entries) entries.push(entry)
    sum = found.sum
    await turn()
  }
  return entries
}
