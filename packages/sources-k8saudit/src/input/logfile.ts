import { type FileHandle, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEvent } from '../event.ts'
import { AuditLogDecoder, type DecoderOptions } from '../log/decoder.ts'
import type { Piece } from '../piece.ts'
import { type AuditStats, newStats } from '../stats.ts'
import { type AuditInput, batchesOf, eventsOf, lossesOf } from './input.ts'
import { firstOf, HEAD, headOf, isOfState, type LogState, readState, writeState } from './log-state.ts'
import { openFile } from './plain-file.ts'
import { Reading } from './reading.ts'
import { describe, generationsOf, type LogFile, sameFile } from './rotation.ts'

export interface AuditLogOptions extends DecoderOptions {
  /** Keep reading as the file grows, also when it is replaced (rotated) or truncated, until `signal`. Default false. */
  readonly follow?: boolean
  /** Where to begin: 'start', 'end' for only what is written from now on, or 'state', where `state` says. Default: 'state' if there is one, else 'start'. */
  readonly from?: 'start' | 'end' | 'state'
  /** With `follow`: a file that keeps how far the log was read, so that a restart continues there. It is written at most once a second, and at the end. */
  readonly state?: string
  /** Called when the state cannot be written: once, until it can be again. Reading continues. */
  readonly onStateError?: (error: Error) => void
  /** How often a followed file is checked. Default 100 ms. */
  readonly pollMs?: number
}

export interface AuditLogStats extends AuditStats {
  /** How often another file was read next. */
  rotations: number
  /** How often the file became shorter. */
  truncations: number
}

/**
 * An audit log on disk: a file, or a directory, whose files are read in the order of their last change.
 * Iterating throws the file system's error when it cannot be read; with `follow`, a missing file is waited for.
 */
export function openAuditLog(path: string, options: AuditLogOptions = {}): AuditInput<AuditLogStats> {
  return new AuditLog(path, options)
}

const CHUNK = 256 * 1024

/** Milliseconds between two writes of the state. */
const SAVE_MS = 1000

class AuditLog implements AuditInput<AuditLogStats> {
  readonly stats: AuditLogStats = { ...newStats(), rotations: 0, truncations: 0 }
  readonly #path: string
  readonly #options: AuditLogOptions
  readonly #buffer = new Uint8Array(CHUNK)
  #saved = 0
  #unsaved = false

  constructor(path: string, options: AuditLogOptions) {
    this.#path = path
    this.#options = options
  }

  losses(): Record<string, number> {
    return lossesOf(this.stats)
  }

  batches(): AsyncGenerator<AuditEvent[], void> {
    return batchesOf(this.pieces())
  }

  pieces(): AsyncGenerator<Piece, void> {
    return this.#options.follow ? this.#follow() : this.#readWhole()
  }

  [Symbol.asyncIterator](): AsyncIterator<AuditEvent> {
    return eventsOf(this.batches())
  }

  get #stopped(): boolean {
    return this.#options.signal?.aborted ?? false
  }

  async *#readWhole(): AsyncGenerator<Piece, void> {
    for (const path of await filesOf(this.#path)) {
      const reading = await this.#reading(await openFile(path), 0)
      try {
        yield* this.#readOn(reading)
        if (!this.#stopped) yield reading.end()
      } finally {
        await reading.file.close()
      }
    }
  }

  /** Reads to the file's present end. */
  async *#readOn(reading: Reading): AsyncGenerator<Piece, void> {
    while (!this.#stopped) {
      // Before each look, since a consumer may take its time with what the last one found. A file that is rewritten between this check and
      // the read is read from its middle, and then again from its start: at least once.
      if (this.#options.follow && (await reading.replaced())) {
        this.stats.truncations++
        yield reading.end()
        await reading.allSettled()
        reading.rewind()
      }
      const { bytesRead } = await reading.file.read(this.#buffer, 0, CHUNK, reading.offset)
      if (bytesRead === 0) return
      yield* reading.piecesOf(this.#buffer.subarray(0, bytesRead))
      if (performance.now() - this.#saved >= SAVE_MS) await this.#save(reading)
    }
  }

  async *#follow(): AsyncGenerator<Piece, void> {
    let reading = await this.#start()
    try {
      while (reading) {
        try {
          yield* this.#followOne(reading)
          // A file that another one follows has ended. One that is only left for now may still get the rest of a line.
          if (!this.#stopped) yield reading.end()
          await reading.allSettled()
        } finally {
          await this.#save(reading)
        }
        const last: Reading = reading
        reading = this.#stopped ? undefined : await this.#next(last)
        await last.file.close()
      }
    } finally {
      await reading?.file.close()
    }
  }

  /** Opens the file to begin with: the one that the state names, or the log itself, as soon as it is there. */
  async #start(): Promise<Reading | undefined> {
    const { state: path, from = 'state' } = this.#options
    const state = path !== undefined && from === 'state' ? await readState(path) : undefined
    const resumed = state && (await this.#resume(state))
    if (resumed) return resumed
    const file = await this.#openWhenThere()
    return file && this.#reading(file, from === 'end' ? (await file.stat()).size : 0)
  }

  /** Finds the file that was read last, under whatever name; if it is gone, the oldest one that is newer. */
  async #resume(state: LogState): Promise<Reading | undefined> {
    const { files } = await this.#generations()
    const same = files.find(file => sameFile(file, state))
    if (same) {
      const file = await openFile(same.path)
      const unchanged = same.size >= BigInt(state.offset) && (await headOf(file, state.offset)) === state.head
      if (unchanged) return this.#reading(file, state.offset)
      await file.close()
    }
    this.#gap(`the file that was read last is gone; what was written to it after byte ${state.offset} is lost`)
    const next = files.find(file => file.changed >= state.changed)
    return next && this.#reading(await openFile(next.path), 0)
  }

  /** Opens the file that was written after this one: a generation in between, or the log itself. */
  async #next(last: Reading): Promise<Reading | undefined> {
    const own = await last.file.stat({ bigint: true })
    const newer = (all: readonly LogFile[]) => {
      const at = all.findIndex(file => sameFile(file, own))
      return at >= 0 ? all.slice(at + 1) : all.filter(file => file.changed >= own.mtimeNs)
    }
    while (!this.#stopped) {
      const { files, compressed } = await this.#generations()
      for (const file of compressed.filter(file => file.changed > own.mtimeNs && !last.skipped.has(file.path))) {
        last.skipped.add(file.path)
        this.#gap(`${file.path} was compressed before it could be read`)
      }
      const [next] = newer(files)
      const file = next && (await openFile(next.path).catch(missing))
      if (file) {
        const now = await file.stat({ bigint: true })
        if (sameFile(now, next)) {
          this.stats.rotations++
          return this.#reading(file, 0, next.path !== this.#path)
        }
        // It was rotated meanwhile.
        await file.close()
      } else if (!(await this.#pause())) break
    }
    return undefined
  }

  /** A state beside the log may be named like a generation of it: `audit.log.pos`. */
  #generations(): ReturnType<typeof generationsOf> {
    const { state } = this.#options
    return generationsOf(this.#path, state === undefined ? undefined : path => isOfState(path, state))
  }

  async #reading(file: FileHandle, offset: number, ended = false): Promise<Reading> {
    const { divided = false } = this.#options
    const first = await firstOf(file, Math.min(HEAD, offset))
    return new Reading(file, offset, first, { decoder: new AuditLogDecoder(this.#options, this.stats), divided, ended })
  }

  #gap(message: string): void {
    this.stats.rejected['log-gap']++
    this.#options.onProblem?.({ cause: 'log-gap', message })
  }

  /** Returns when this file was read to its end and a newer one has something to read. */
  async *#followOne(reading: Reading): AsyncGenerator<Piece, void> {
    const own = await reading.file.stat({ bigint: true })
    for (;;) {
      yield* this.#readOn(reading)
      const there = await describe(this.#path)
      // The writer may continue with the renamed file until it is notified of the new one.
      if (reading.ended || (there && !sameFile(there, own) && there.size > 0n)) {
        yield* this.#readOn(reading)
        return
      }
      if (performance.now() - this.#saved >= SAVE_MS) await this.#save(reading)
      if (!(await this.#pause())) return
    }
  }

  async #save(reading: Reading): Promise<void> {
    const { state } = this.#options
    this.#saved = performance.now()
    if (state === undefined || reading.settled === reading.saved) return
    const { dev, ino, mtimeNs } = await reading.file.stat({ bigint: true })
    const offset = reading.settled
    try {
      await writeState(state, { dev, ino, offset, head: await headOf(reading.file, offset), changed: mtimeNs })
      reading.saved = offset
      this.#unsaved = false
    } catch (error) {
      if (!this.#unsaved) this.#options.onStateError?.(error as Error)
      this.#unsaved = true
    }
  }

  async #openWhenThere(): Promise<FileHandle | undefined> {
    for (;;) {
      const file = await openFile(this.#path).catch(missing)
      if (file) return file
      if (!(await this.#pause())) return undefined
    }
  }

  /** False: stopped. */
  async #pause(): Promise<boolean> {
    if (this.#stopped) return false
    try {
      await sleep(this.#options.pollMs ?? 100, undefined, { signal: this.#options.signal })
    } catch {
      // Only the signal ends a sleep early.
    }
    return !this.#stopped
  }
}

/** undefined for a file that is not there. */
function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const files = await Promise.all(
    entries
      .filter(entry => entry.isFile())
      .map(async entry => ({ path: join(path, entry.name), changed: (await stat(join(path, entry.name))).mtimeMs })),
  )
  return files.sort((a, b) => a.changed - b.changed || (a.path < b.path ? -1 : 1)).map(file => file.path)
}
