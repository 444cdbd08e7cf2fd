import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { type Files, MODE, OPEN } from './files.ts'

const NAME = 'position'
const SLOT = 12
/** On pages of their own: a torn write damages one. */
const SLOTS = [0, 4096] as const

/**
 * How far a journal's records are done with: a number and its checksum, written to two places in turn, so that one of them is always
 * whole. It may be older than the truth, which costs repetitions, but is never newer.
 */
export class Position {
  readonly #handle: FileHandle
  #turn = 0
  /** 0: none was found. */
  readonly found: number

  private constructor(handle: FileHandle, slots: readonly number[]) {
    this.#handle = handle
    this.found = Math.max(0, ...slots)
    // The older one is overwritten next.
    this.#turn = slots[0]! > slots[1]! ? 1 : 0
  }

  static async open(folder: string, files: Files): Promise<Position> {
    const handle = await files.open(join(folder, NAME), OPEN.change, MODE)
    const slots: number[] = []
    for (const at of SLOTS) {
      const slot = Buffer.alloc(SLOT)
      const { bytesRead } = await handle.read(slot, 0, SLOT, at)
      const valid = bytesRead === SLOT && slot.readUInt32LE(8) === crc32(slot.subarray(0, 8))
      slots.push(valid ? Number(slot.readBigUInt64LE(0)) : -1)
    }
    return new Position(handle, slots)
  }

  async save(number: number): Promise<void> {
    const slot = Buffer.alloc(SLOT)
    slot.writeBigUInt64LE(BigInt(number))
    slot.writeUInt32LE(crc32(slot.subarray(0, 8)), 8)
    const { bytesWritten } = await this.#handle.write(slot, 0, SLOT, SLOTS[this.#turn]!)
    if (bytesWritten !== SLOT) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
    this.#turn = 1 - this.#turn
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
