import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { type Files, OPEN, removeFile } from './files.ts'
import { firstOf, nextRecord, segmentName } from './record.ts'

export interface Segment {
  /** Number of its first record. */
  readonly first: number
  /** Of whole records. */
  bytes: number
}

export interface Recovered {
  readonly segments: Segment[]
  /** Number of the next record. */
  readonly next: number
  /** Bytes that a crash left behind the last whole record. */
  readonly cut: number
}

/** Bytes that are read at once. */
export const CHUNK = 256 * 1024

/** The contents of a journal's folder. Only the newest segment is read, to cut off what a crash left at its end. */
export async function recover(folder: string, files: Files): Promise<Recovered> {
  const firsts = (await files.readdir(folder))
    .map(firstOf)
    .filter(first => first !== undefined)
    .sort((a, b) => a - b)
  const segments: Segment[] = []
  for (const first of firsts) segments.push({ first, bytes: await sizeOf(join(folder, segmentName(first)), files) })
  const last = segments.at(-1)
  if (!last) return { segments, next: 0, cut: 0 }
  const { bytes, next } = await cutTail(join(folder, segmentName(last.first)), last, files)
  const cut = last.bytes - bytes
  last.bytes = bytes
  if (bytes === 0) {
    segments.pop()
    await removeFile(folder, segmentName(last.first), files)
  }
  return { segments, next, cut }
}

async function sizeOf(path: string, files: Files): Promise<number> {
  const handle = await files.open(path, OPEN.read)
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw Object.assign(new Error(`${path} is not a file`), { code: 'EINVAL' })
    return stats.size
  } finally {
    await handle.close()
  }
}

async function cutTail(
  path: string,
  { first, bytes }: Segment,
  files: Files,
): Promise<{ bytes: number; next: number }> {
  const handle = await files.open(path, OPEN.change)
  try {
    let whole = { bytes: 0, next: first }
    for (let at = 0; at < bytes; ) {
      const { records, end } = await readRecords(handle, at, bytes)
      for (const { number, end } of records) if (number >= whole.next) whole = { bytes: end, next: number + 1 }
      at = end
    }
    if (whole.bytes < bytes) await handle.truncate(whole.bytes)
    return whole
  } finally {
    await handle.close()
  }
}

export interface RecordAt {
  readonly number: number
  readonly text: string
  /** Its end in the file. */
  readonly end: number
}

/**
 * The records of a chunk of a file; a longer record is a chunk of its own.
 * @param at where a record begins, or damage
 * @param size of the file
 * @returns where to read on: the file's end, or further than `at`
 */
export async function readRecords(
  handle: Pick<FileHandle, 'read'>,
  at: number,
  size: number,
): Promise<{ records: RecordAt[]; end: number }> {
  const records: RecordAt[] = []
  for (let wanted = CHUNK; ; ) {
    const buffer = Buffer.allocUnsafe(Math.min(wanted, size - at))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    // The file was truncated: what is missing is damage.
    const total = bytesRead < buffer.length ? bytesRead : size - at
    const chunk = buffer.subarray(0, bytesRead)
    for (let offset = 0; ; ) {
      const found = nextRecord(chunk, offset, total)
      if ('number' in found) {
        records.push({ number: found.number, text: found.text, end: at + found.end })
        offset = found.end
        continue
      }
      if (found.wanted === 0) return { records, end: size }
      if (found.done > 0) return { records, end: at + found.done }
      wanted = found.wanted
      break
    }
  }
}
