/**
 * V8's compiled code of the bundle's files as a run leaves it: with every function that was called. Node's own cache is made before a file
 * runs, when nearly all of its functions are still text: each start would compile some fifteen hundred of them again.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cachedDataVersionTag } from 'node:v8'
import { constants, Script } from 'node:vm'
import { underFirstFlags } from './v8-flags.ts'

/** Bytes before the code, which V8 wants at a multiple of 8: the SHA-256 of all that follows; then 1 where a long run has made it. */
const DIGEST = 32
const PREFIX = 40
/** Older files are removed whenever something is written, since each build has other files; milliseconds. */
const OLD = 30 * 86_400_000
/** A file whose name has a digest of what is in it. */
const DIGESTED = /-[\w-]{8}\.cjs$/

interface Compiled {
  readonly script: Script
  /** Whether the code that a short run has left is kept. */
  readonly isKept: boolean
}

/** What Node calls for the text of a CommonJS file; so do all that compile or change files as they are loaded. */
interface Compiling {
  _compile(this: NodeJS.Module, content: string, filename: string, ...rest: unknown[]): unknown
}

let current: CodeCache | undefined

/** Loads the rest of the bundle from a cache of compiled code. Does nothing where falc is not bundled. @param folder see `cacheFolder` */
export function loadFromCache(folder: string): void {
  current = new CodeCache(folder)
  current.attach(dirname(fileURLToPath(import.meta.url)))
}

/** See `CodeCache.save`. */
export function saveCode(long: boolean): void {
  underFirstFlags(() => current?.save(long))
}

export class CodeCache {
  readonly #folder: string
  /** Code of another V8, of other flags or another processor is of no use. */
  readonly #tag = cachedDataVersionTag()
  /** By where its code is kept: the files whose code is not yet that of a long run. Of the others, V8 can forget what has run once. */
  readonly #files = new Map<string, Compiled>()

  /** @param folder owned by this user, and writable by no one else: what lies there is executed */
  constructor(folder: string) {
    this.#folder = join(folder, 'code')
  }

  /** Compiles the files of a folder that are loaded from now on, whose names must have a digest of what is in them. */
  attach(own: string): void {
    const { prototype } = module as unknown as { prototype: Compiling }
    const compile = prototype._compile
    const load = this.#load.bind(this)
    prototype._compile = function (content, filename, ...rest) {
      if (dirname(filename) !== own || !DIGESTED.test(filename)) return compile.call(this, content, filename, ...rest)
      return load(this, content, filename)
    }
  }

  #load(file: NodeJS.Module, content: string, filename: string): unknown {
    const path = join(this.#folder, `${this.#tag.toString(16)}-${basename(filename)}`)
    const kept = read(path)
    const script = new Script(module.wrap(content), {
      filename,
      cachedData: kept?.subarray(PREFIX),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    const isKept = kept !== undefined && script.cachedDataRejected === false
    if (!isKept || kept[DIGEST] !== 1) this.#files.set(path, { script, isKept })
    const { exports } = file
    const require = (id: string) => file.require(id)
    return script.runInThisContext().call(exports, exports, require, file, filename, dirname(filename))
  }

  /**
   * Keeps the code of files of which none is kept, or, after a long run, only that of a short one. V8's flags must be those that the files
   * were compiled under; otherwise it does nothing. A file that cannot be written is skipped.
   * @param long most of what runs call has been called
   */
  save(long: boolean): void {
    if (cachedDataVersionTag() !== this.#tag) return
    const wanted = [...this.#files].filter(([, { isKept }]) => long || !isKept)
    if (wanted.length === 0) return
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      for (const [path, { script }] of wanted) {
        write(path, script.createCachedData(), long)
        if (long) this.#files.delete(path)
        else this.#files.set(path, { script, isKept: true })
      }
      this.#prune()
    } catch {}
  }

  #prune(): void {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name)
      if (Date.now() - statSync(path).mtimeMs > OLD) rmSync(path, { force: true })
    }
  }
}

/** undefined: nothing is kept, or it is damaged. */
function read(path: string): Buffer | undefined {
  try {
    const bytes = readFileSync(path)
    return bytes.length > PREFIX && digest(bytes.subarray(DIGEST)).equals(bytes.subarray(0, DIGEST)) ? bytes : undefined
  } catch {
    return undefined
  }
}

/** @throws {Error} from the file system */
function write(path: string, code: Buffer, long: boolean): void {
  const rest = Buffer.concat([Buffer.alloc(PREFIX - DIGEST, long ? 1 : 0), code])
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(draft, Buffer.concat([digest(rest), rest]), { mode: 0o600 })
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
