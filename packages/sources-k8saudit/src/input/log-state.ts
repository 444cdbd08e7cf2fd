import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { FileId } from './rotation.ts'

/** How far a log was read. */
export interface LogState extends FileId {
  /** Bytes whose events have been evaluated. */
  readonly offset: number
  /** Of its first bytes: tells a file from another that has its inode. */
  readonly head: string
  /** Its last change, in nanoseconds since 1970. */
  readonly changed: bigint
}

/** Bytes that `head` is made of, at most. */
const HEAD = 1024

/** The digest of a file's first bytes, of those before `offset`. */
export async function headOf(file: FileHandle, offset: number): Promise<string> {
  const buffer = Buffer.alloc(Math.min(HEAD, offset))
  const { bytesRead } = buffer.length === 0 ? { bytesRead: 0 } : await file.read(buffer, 0, buffer.length, 0)
  return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex')
}

/** undefined: there is no state. @throws when it cannot be read, or is not one */
export async function readState(path: string): Promise<LogState | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  // A crash of the machine may leave an empty file.
  if (text === '') return undefined
  try {
    const { dev, ino, offset, head, changed } = JSON.parse(text)
    if (!Number.isSafeInteger(offset) || offset < 0 || typeof head !== 'string') throw new TypeError()
    return { dev: BigInt(dev), ino: BigInt(ino), offset, head, changed: BigInt(changed) }
  } catch {
    throw new Error(`${path} is not the state of an audit log; remove it to read the log from its start`)
  }
}

/** Replaces the state as a whole: a crash leaves the old one or the new one. */
export async function writeState(path: string, state: LogState): Promise<void> {
  const { dev, ino, offset, head, changed } = state
  const text = JSON.stringify({ dev: String(dev), ino: String(ino), offset, head, changed: String(changed) })
  await writeFile(`${path}.new`, `${text}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
