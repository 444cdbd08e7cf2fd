import { DeadLetters } from './dead-letters.ts'
import { Device } from './device.ts'
import { FILES, type Files, makeFolder } from './files.ts'
import { Journal } from './journal.ts'
import { FolderLock } from './lock.ts'

/** The folder of a queue on disk. */
export interface Folder {
  readonly lock: FolderLock
  readonly journal: Journal
  readonly letters: DeadLetters
}

export interface FolderOptions {
  readonly folder: string
  readonly files?: Files
  /** Default: what all queues on the same disk share. */
  readonly device?: Device
}

/** Makes the folder of a queue, or opens what an earlier process left there. @throws when it cannot be used, or is in use */
export async function openFolder(options: FolderOptions, segmentBytes: number): Promise<Folder> {
  const { folder, files = FILES } = options
  const number = await new Device().call(() => makeFolder(folder))
  const device = options.device ?? Device.of(number)
  const lock = await FolderLock.take(folder)
  try {
    const journal = await Journal.open({ folder, segmentBytes, files, device })
    const letters = new DeadLetters(folder, { files, device })
    await letters.prepare()
    return { lock, journal, letters }
  } catch (error) {
    await lock.release()
    throw error
  }
}
