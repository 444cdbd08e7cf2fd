import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEvent } from '../event.ts'
import { AuditLogDecoder, type DecoderOptions } from '../log/decoder.ts'
import { type AuditStats, newStats } from '../stats.ts'
import { type AuditInput, eventsOf, lossesOf } from './input.ts'

export interface AuditLogOptions extends DecoderOptions {
  /** Go on reading as the file grows, also when it is replaced (rotated) or truncated, until `signal`. Default false. */
  readonly follow?: boolean
  /** Where to begin: 'start' (default), or 'end' to read only what is written from now on. */
  readonly from?: 'start' | 'end'
  /** How often a followed file is looked at. Default 100 ms. */
  readonly pollMs?: number
}

export interface AuditLogStats extends AuditStats {
  /** How often the followed file was replaced by another. */
  rotations: number
  /** How often it became shorter. */
  truncations: number
}

/**
 * An audit log on disk: a file, or a directory, whose files are read in the order of their last change.
 * Iterating throws the file system's error when it cannot be read; with `follow`, a file that is missing is waited for.
 */
export function openAuditLog(path: string, options: AuditLogOptions = {}): AuditInput<AuditLogStats> {
  return new AuditLog(path, options)
}

const CHUNK = 256 * 1024

class AuditLog implements AuditInput<AuditLogStats> {
  readonly stats: AuditLogStats = { ...newStats(), rotations: 0, truncations: 0 }
  readonly #path: string
  readonly #options: AuditLogOptions
  readonly #buffer = new Uint8Array(CHUNK)

  constructor(path: string, options: AuditLogOptions) {
    this.#path = path
    this.#options = options
  }

  losses(): Record<string, number> {
    return lossesOf(this.stats)
  }

  batches(): AsyncGenerator<AuditEvent[], void> {
    return this.#options.follow ? this.#follow() : this.#readWhole()
  }

  [Symbol.asyncIterator](): AsyncIterator<AuditEvent> {
    return eventsOf(this.batches())
  }

  get #stopped(): boolean {
    return this.#options.signal?.aborted ?? false
  }

  async *#readWhole(): AsyncGenerator<AuditEvent[], void> {
    for (const path of await filesOf(this.#path)) {
      const decoder = new AuditLogDecoder(this.#options, this.stats)
      const file = await open(path)
      try {
        yield* this.#readOn(file, new Position(0), decoder)
        if (!this.#stopped) yield* nonEmpty(decoder.end())
      } finally {
        await file.close()
      }
    }
  }

  /** Reads from `position` to the file's present end. */
  async *#readOn(file: FileHandle, position: Position, decoder: AuditLogDecoder): AsyncGenerator<AuditEvent[], void> {
    while (!this.#stopped) {
      const { bytesRead } = await file.read(this.#buffer, 0, CHUNK, position.offset)
      if (bytesRead === 0) return
      position.offset += bytesRead
      yield* nonEmpty(decoder.push(this.#buffer.subarray(0, bytesRead)))
    }
  }

  async *#follow(): AsyncGenerator<AuditEvent[], void> {
    let atEnd = this.#options.from === 'end'
    while (!this.#stopped) {
      const file = await this.#openWhenThere()
      if (!file) return
      const position = new Position(atEnd ? (await file.stat()).size : 0)
      atEnd = false
      const decoder = new AuditLogDecoder(this.#options, this.stats)
      try {
        yield* this.#followOne(file, position, decoder)
        yield* nonEmpty(decoder.end())
      } finally {
        await file.close()
      }
    }
  }

  /** Returns when another file stands at the path, and this one is read to its end. */
  async *#followOne(
    file: FileHandle,
    position: Position,
    decoder: AuditLogDecoder,
  ): AsyncGenerator<AuditEvent[], void> {
    const own = await file.stat({ bigint: true })
    for (;;) {
      yield* this.#readOn(file, position, decoder)
      const there = await stat(this.#path, { bigint: true }).catch(missing)
      if (there && (there.ino !== own.ino || there.dev !== own.dev)) {
        this.stats.rotations++
        yield* this.#readOn(file, position, decoder)
        return
      }
      if (there && there.size < BigInt(position.offset)) {
        this.stats.truncations++
        yield* nonEmpty(decoder.end())
        position.offset = 0
        continue
      }
      if (!(await this.#pause())) return
    }
  }

  async #openWhenThere(): Promise<FileHandle | undefined> {
    for (;;) {
      const file = await open(this.#path).catch(missing)
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

/** How far a file is read. */
class Position {
  offset: number
  constructor(offset: number) {
    this.offset = offset
  }
}

/** undefined for a file that is not there. */
function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

function* nonEmpty(events: AuditEvent[]): Generator<AuditEvent[], void> {
  if (events.length > 0) yield events
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
