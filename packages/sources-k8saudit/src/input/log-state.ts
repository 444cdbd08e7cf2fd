import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openFile, openNew } from './plain-file.ts'
import type { FileId } from './rotation.ts'

/** The position up to which a log was read. */
export interface LogState extends FileId {
  /** Bytes whose events have been evaluated. */
  readonly offset: number
  /** A digest of its first bytes, which distinguishes the file from another with the same inode. */
  readonly head: string
  /** Its last change, in nanoseconds since 1970. */
  readonly changed: bigint
}

/** Bytes of a state, at most. */
const MAX_STATE = 64 * 1024

/** The maximum number of bytes that distinguish a file from another with the same inode. */
export const HEAD = 1024

/** A file's first bytes; fewer if the file is shorter. */
export const firstOf = (file: FileHandle, bytes: number): Promise<Buffer> => bytesAt(file, 0, bytes)

/** Bytes of a file; fewer if they are not there. */
export async function bytesAt(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  const { bytesRead } = bytes === 0 ? { bytesRead: 0 } : await file.read(buffer, 0, bytes, at)
  return buffer.subarray(0, bytesRead)
}

/** The digest of a file's first bytes, of those before `offset`. */
export async function headOf(file: FileHandle, offset: number): Promise<string> {
  return createHash('sha256')
    .update(await firstOf(file, Math.min(HEAD, offset)))
    .digest('hex')
}

/** undefined: there is no state. @throws when it cannot be read, or is not one */
export async function readState(path: string): Promise<LogState | undefined> {
  let text: string
  try {
    text = await readWhole(path)
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
    throw new StateError(`${path} is not the state of an audit log; remove it to read the log from its start`)
  }
}

/** The file of the state has another content: perhaps it is not ours to replace. */
export class StateError extends Error {
  override readonly name = 'StateError'
  readonly code = 'ESTATE'
}

async function readWhole(path: string): Promise<string> {
  const file = await openFile(path)
  try {
    const buffer = Buffer.alloc(MAX_STATE)
    const { bytesRead } = await file.read(buffer, 0, MAX_STATE, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Whether a file is a state, or what is to replace it. */
export function isOfState(path: string, state: string): boolean {
  return resolve(path.replace(/\.\d+\.new$/, '')) === resolve(state)
}

/** Replaces the state as a whole: a crash leaves the old one or the new one. Of several processes, the last one counts. */
export async function writeState(path: string, state: LogState): Promise<void> {
  const { dev, ino, offset, head, changed } = state
  const text = JSON.stringify({ dev: String(dev), ino: String(ino), offset, head, changed: String(changed) })
  const draft = `${path}.${process.pid}.new`
  await rm(draft, { force: true })
  const file = await openNew(draft)
  try {
    await file.writeFile(`${text}\n`)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
}
