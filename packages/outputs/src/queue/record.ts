/**
 * The form of a journal. A queue's folder holds *segments*, files that are named after the number of their first record:
 *
 *     0000000000000000.journal     records 0 … 8190
 *     0000000000008191.journal     records 8191 …
 *     position                     the number of the first record that is not done with
 *
 * and a segment holds records, one after the other, without anything before, between or behind them:
 *
 *     offset  size
 *          0     4  ff fe c3 fd: bytes that UTF-8 never has, so that no text can pass for a record
 *          4     4  length of the text
 *          8     4  CRC-32 of the number, the length and the text
 *         12     8  number
 *         20        text: the alert as JSON in UTF-8
 *
 * Integers are unsigned and little-endian. Invariants: numbers grow by one from record to record, from one file to the next,
 * so that "how many wait" is a subtraction, and a gap says how many are missing; a record lies in one file; only whole files
 * are deleted, the oldest first; a file is written at its end only, and no more once there is one after it; records with
 * numbers of the file after it are void.
 */
import { crc32 } from 'node:zlib'

export const HEADER = 20

const MAGIC = Buffer.from([0xff, 0xfe, 0xc3, 0xfd])

/** The longest record that a text can become. */
export function roomFor(text: string): number {
  return HEADER + 3 * text.length
}

/** Writes a record. @param buffer has `roomFor` it @returns where it ends */
export function writeRecord(buffer: Buffer, at: number, number: number, text: string): number {
  const length = buffer.write(text, at + HEADER, 'utf8')
  MAGIC.copy(buffer, at)
  buffer.writeUInt32LE(length, at + 4)
  buffer.writeUInt32LE(number % 2 ** 32, at + 12)
  buffer.writeUInt32LE(Math.floor(number / 2 ** 32), at + 16)
  buffer.writeUInt32LE(checksum(buffer, at, length), at + 8)
  return at + HEADER + length
}

function checksum(buffer: Buffer, at: number, length: number): number {
  const head = crc32(buffer.subarray(at + 12, at + HEADER), crc32(buffer.subarray(at + 4, at + 8)))
  return crc32(buffer.subarray(at + HEADER, at + HEADER + length), head)
}

export interface FoundRecord {
  readonly number: number
  readonly text: string
  readonly end: number
}

/**
 * The next record from an offset on: past damage, as far as there is any.
 * @param total bytes from the buffer's beginning to the end of the file, of which the buffer may have less
 * @returns the record, or how many bytes of the buffer are done with and how many are wanted from there on
 */
export function nextRecord(
  buffer: Buffer,
  from: number,
  total: number,
): FoundRecord | { readonly done: number; readonly wanted: number } {
  for (let at = from; ; at = seek(buffer, at + 1)) {
    const left = buffer.length - at
    const begins = left >= HEADER && isMagic(buffer, at)
    const size = begins ? HEADER + buffer.readUInt32LE(at + 4) : HEADER
    if (at === total) return { done: at, wanted: 0 }
    if (left >= size) {
      const record = begins && recordAt(buffer, at, size)
      if (record) return record
    } else if (at + size <= total || left === 0) return { done: at, wanted: Math.min(size, total - at) }
  }
}

function recordAt(buffer: Buffer, at: number, size: number): FoundRecord | false {
  if (checksum(buffer, at, size - HEADER) !== buffer.readUInt32LE(at + 8)) return false
  const number = buffer.readUInt32LE(at + 12) + buffer.readUInt32LE(at + 16) * 2 ** 32
  return { number, text: buffer.toString('utf8', at + HEADER, at + size), end: at + size }
}

function isMagic(buffer: Buffer, at: number): boolean {
  return buffer[at] === 0xff && buffer[at + 1] === 0xfe && buffer[at + 2] === 0xc3 && buffer[at + 3] === 0xfd
}

/** Where the next record may begin: possibly in the last bytes, of which more may come. */
function seek(buffer: Buffer, from: number): number {
  const at = buffer.indexOf(MAGIC, from)
  return at >= 0 ? at : Math.max(from, buffer.length - MAGIC.length + 1)
}

const SUFFIX = '.journal'

export function segmentName(first: number): string {
  return String(first).padStart(16, '0') + SUFFIX
}

/** The number of a segment's first record; undefined: the file is something else. */
export function firstOf(name: string): number | undefined {
  return /^\d{16}\.journal$/.test(name) ? Number(name.slice(0, 16)) : undefined
}
