import { Fifo } from './fifo.ts'
import type { Entry } from './item-cache.ts'
import { HEADER } from './record.ts'

/** Alerts that are in memory only. */
export class Pending extends Fifo<Entry> {
  /** Memory that they take. */
  bytes = 0
  /** Bytes that they will take on disk, unless there are many characters beyond ASCII. */
  bytesOnDisk = 0

  override push(entry: Entry): void {
    super.push(entry)
    this.bytes += entry.size
    this.bytesOnDisk += HEADER + entry.text.length
  }

  override shift(): Entry | undefined {
    const entry = super.shift()
    if (entry) {
      this.bytes -= entry.size
      this.bytesOnDisk -= HEADER + entry.text.length
    }
    return entry
  }

  override clear(): void {
    super.clear()
    this.bytes = 0
    this.bytesOnDisk = 0
  }
}
