/** The kind of a store's failure. */
export type StoreFault =
  /** The file's contents are no longer what was written. */
  | 'damaged'
  /** The disk is full. */
  | 'full'
  /** Another process has been writing for too long. */
  | 'busy'
  /** The file was removed or replaced. */
  | 'moved'
  /** A later version of falc has written it. */
  | 'newer'
  /** Another program's file, or one whose beginning is damaged. */
  | 'foreign'
  /** This Node has no SQLite. */
  | 'missing'
  /** It cannot be opened, read or written: permissions, a folder that is not there, a device that fails. */
  | 'unusable'

/** Every error of a store but those about a condition. */
export class StoreError extends Error {
  readonly fault: StoreFault
  constructor(fault: StoreFault, message: string) {
    super(message)
    this.name = 'StoreError'
    this.fault = fault
  }
}

/** SQLite's primary result codes that say more than that something failed. */
const FAULTS: Readonly<Record<number, StoreFault>> = { 5: 'busy', 6: 'busy', 11: 'damaged', 13: 'full', 26: 'foreign' }

/** What an error of `node:sqlite`, or of a file, means. @returns any other error as it is */
export function storeError(error: unknown): unknown {
  const { code, errcode, syscall, message } = error as NodeJS.ErrnoException & { errcode?: number }
  if (syscall !== undefined) return new StoreError('unusable', message)
  if (code !== 'ERR_SQLITE_ERROR' || errcode === undefined) return error
  return new StoreError(FAULTS[errcode & 0xff] ?? 'unusable', message)
}

/** Runs a step on a database. @throws {StoreError} for the database's errors */
export function guarded<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw storeError(error)
  }
}
