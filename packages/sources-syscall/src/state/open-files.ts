import { FD_OVERLAY_LOWER, FD_OVERLAY_UPPER, FD_SHARED, Fd, FdKind } from '../model/fd.ts'
import { concatenatePaths } from './paths.ts'

/** Powers of two: slots at first, as tests of rules have a state each, and once as many files were opened. */
const FEW = 64
const SLOTS = 16384
/** A power of two. */
const TABLE_SLOTS = 4096

/** PPM_O_DIRECTORY */
export const O_DIRECTORY = 1 << 10
/** PPM_O_TMPFILE; recorders set it for any directory. */
const O_TMPFILE = 1 << 13
const O_WRONLY = 2
const UPPER_LAYER = 1 << 15
const LOWER_LAYER = 1 << 16

/** No directory can be opened for writing: what is written to there is a file without a name. Falco takes it for the directory. */
function isDirectory(openFlags: number): boolean {
  return (openFlags & O_DIRECTORY) !== 0 && ((openFlags & O_TMPFILE) === 0 || (openFlags & O_WRONLY) === 0)
}

/** A descriptor of an opened file, still without a name. */
export function fileOf(
  passed: string,
  resolved: string,
  openFlags: number,
  dev: number,
  inoLow: number,
  inoHigh: number,
): Fd {
  const fd = new Fd(-1, isDirectory(openFlags) ? FdKind.directory : FdKind.fileV2)
  fd.openFlags = openFlags
  fd.flags = FD_SHARED
  if ((openFlags & UPPER_LAYER) !== 0) fd.flags |= FD_OVERLAY_UPPER
  if ((openFlags & LOWER_LAYER) !== 0) fd.flags |= FD_OVERLAY_LOWER
  fd.nameRaw = passed
  fd.resolved = resolved
  fd.dev = dev
  fd.inoLow = inoLow
  fd.inoHigh = inoHigh
  return fd
}

/**
 * Caches descriptors of files opened before: programs open the same libraries and tables again and again, in the same way.
 * Reopening one returns the same object, shared as after a fork, together with its memo: nothing is allocated, and no clause
 * on fd.* is recomputed. Direct-mapped by inode: at most 16384 objects are kept, each from the second time on that its file is
 * opened. A walk through a tree opens most files once: to keep those would make old objects of them all.
 */
export class OpenFiles {
  #known: (Fd | null)[] = new Array(FEW).fill(null)
  /** Per slot: the lower half of the inode number that was last opened there. */
  #last = new Int32Array(FEW)
  #mask = FEW - 1
  #made = 0
  #ofTables: Fd[] = []

  /**
   * Returns the descriptor of a file that was passed as `passed` and is known as `path`; null means that `passed` is
   * absolute and equals the known path. `resolved`: see Fd.
   */
  of(
    path: string | null,
    passed: string,
    resolved: string,
    openFlags: number,
    dev: number,
    inoLow: number,
    inoHigh: number,
  ): Fd {
    const slot = (inoLow ^ (inoLow >>> 12) ^ (openFlags << 3) ^ dev) & this.#mask
    const known = this.#known[slot]!
    if (
      known !== null &&
      known.inoLow === inoLow &&
      known.inoHigh === inoHigh &&
      known.openFlags === openFlags &&
      known.dev === dev &&
      known.nameRaw === passed &&
      known.resolved === resolved &&
      (path === null || known.name === path)
    ) {
      return known
    }
    const fd = fileOf(passed, resolved, openFlags, dev, inoLow, inoHigh)
    fd.name = path ?? concatenatePaths('', passed)
    if (++this.#made === FEW) {
      this.#known = new Array(SLOTS).fill(null)
      this.#last = new Int32Array(SLOTS)
      this.#mask = SLOTS - 1
      return fd
    }
    if (this.#last[slot] === inoLow) this.#known[slot] = fd
    else this.#last[slot] = inoLow
    return fd
  }

  /**
   * For a descriptor, not a socket, that was open when recording began: the object of another process that has the same file open in the
   * same way, if that was the last one read into its slot.
   */
  ofTable(fd: Fd): Fd {
    const slot = (fd.inoLow ^ (fd.inoLow >>> 10) ^ (fd.openFlags << 3) ^ fd.dev) & (TABLE_SLOTS - 1)
    const known = this.#ofTables[slot]
    if (
      known !== undefined &&
      known.inoLow === fd.inoLow &&
      known.inoHigh === fd.inoHigh &&
      known.openFlags === fd.openFlags &&
      known.dev === fd.dev &&
      known.type === fd.type &&
      known.name === fd.name
    )
      return known
    fd.flags |= FD_SHARED
    this.#ofTables[slot] = fd
    return fd
  }

  /** All descriptors of the tables are read. */
  endTables(): void {
    this.#ofTables = []
  }

  clear(): void {
    this.#known.fill(null)
  }
}
