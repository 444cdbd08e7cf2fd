import type { SyscallEvent } from '../event.ts'
import type { InterfaceEntry } from '../model/interfaces.ts'
import { BLOCK_HEADER, BLOCK_TRAILER, Block, EVENT_BLOCK_LIMIT, SECTION_MAGIC, TextLimit } from './block.ts'
import { ByteWriter } from './byte-writer.ts'
import { writeFd, writeProcess } from './table-writer.ts'
import { MACHINE_SIZE } from './tables.ts'
import type { FdEntry, GroupEntry, MachineInfo, ProcessEntry, UserEntry } from './visitor.ts'

/** Lists are split into blocks of about this size. */
const LIST_BLOCK = 256 << 10
/** Number of bytes to buffer before sending them to the sink. */
const FLUSH_AT = 256 << 10

/**
 * Writes a capture in the current block versions. Order: machine, interfaces, users, processes, descriptors, then events.
 * Bytes go to `sink` in pieces, each valid only during the call; `flush` sends the rest. Texts longer than the format allows
 * are cut; `truncated` counts them.
 */
export class CaptureWriter {
  /** Events written. */
  events = 0
  readonly #out = new ByteWriter()
  readonly #sink: (bytes: Uint8Array) => void

  constructor(sink: (bytes: Uint8Array) => void) {
    this.#sink = sink
    const start = this.#begin(Block.section)
    this.#out.u32(SECTION_MAGIC)
    this.#out.u16(1)
    this.#out.u16(2)
    this.#out.u64(0xffffffffffffffffn)
    this.#finish(start)
  }

  /** Number of table texts cut to the format's limits. */
  get truncated(): number {
    return this.#out.truncated
  }

  machine(machine: MachineInfo): void {
    const start = this.#begin(Block.machine)
    const out = this.#out
    out.u32(machine.cpus)
    out.u64(machine.memoryBytes)
    out.u64(machine.maxPid)
    out.fixedText(machine.hostname, 128)
    out.u64(machine.bootTime)
    out.u64(machine.flags)
    out.zeros(MACHINE_SIZE - (out.length - start - BLOCK_HEADER))
    this.#finish(start)
  }

  interfaces(interfaces: readonly InterfaceEntry[]): void {
    const start = this.#begin(Block.interfaces2)
    const out = this.#out
    for (const entry of interfaces) {
      const length = out.reserveLength()
      out.u16(entry.address.length === 4 ? 1 : 2)
      const nameLength = out.reserveShort()
      out.bytes(entry.address)
      out.bytes(entry.netmask)
      out.bytes(entry.broadcast)
      out.u64(entry.linkSpeed)
      out.setShort(nameLength, out.rawText(entry.name, TextLimit.interface))
      out.setLength(length, out.length - length - 4)
    }
    this.#finish(start)
  }

  users(users: readonly UserEntry[], groups: readonly GroupEntry[]): void {
    const start = this.#begin(Block.users2)
    const out = this.#out
    for (const user of users) {
      const length = out.reserveLength()
      out.u8(0)
      out.u32(user.uid)
      out.u32(user.gid)
      out.text(user.name, TextLimit.user)
      out.text(user.home, TextLimit.user)
      out.text(user.shell, TextLimit.user)
      out.setLength(length, out.length - length)
    }
    for (const group of groups) {
      const length = out.reserveLength()
      out.u8(1)
      out.u32(group.gid)
      out.text(group.name, TextLimit.user)
      out.setLength(length, out.length - length)
    }
    this.#finish(start)
  }

  processes(processes: Iterable<ProcessEntry>): void {
    let start = -1
    for (const process of processes) {
      if (start >= 0 && this.#out.length - start > LIST_BLOCK) {
        this.#finish(start)
        start = -1
      }
      if (start < 0) start = this.#begin(Block.processes9)
      writeProcess(this.#out, process)
    }
    if (start >= 0) this.#finish(start)
  }

  /** The descriptors of one thread. Names of kinds that the format does not define (FdKind.unknown and above pidfd) are lost. */
  fds(tid: number, fds: Iterable<FdEntry>): void {
    let start = -1
    for (const fd of fds) {
      if (start >= 0 && this.#out.length - start > LIST_BLOCK) {
        this.#finish(start)
        start = -1
      }
      if (start < 0) {
        start = this.#begin(Block.fds2)
        this.#out.i64(tid)
      }
      writeFd(this.#out, fd)
    }
    if (start >= 0) this.#finish(start)
  }

  /** Copies an event unchanged. */
  write(event: SyscallEvent): void {
    this.writeBytes(event.bytes, event.start, event.end, event.cpu, event.blockFlags)
  }

  /** Writes an event's bytes[start, end), including the header, as they come from the ring. */
  writeBytes(bytes: Uint8Array, start: number, end: number, cpu: number, blockFlags = 0): void {
    const large = end - start + 10 + BLOCK_TRAILER > EVENT_BLOCK_LIMIT
    const block = blockFlags
      ? large
        ? Block.eventFlags2Large
        : Block.eventFlags2
      : large
        ? Block.event2Large
        : Block.event2
    const at = this.#begin(block)
    this.#out.u16(cpu)
    if (blockFlags) this.#out.u32(blockFlags)
    this.#out.range(bytes, start, end)
    this.#finish(at)
    this.events++
  }

  /** Sends the buffered bytes to the sink. */
  flush(): void {
    if (this.#out.length > 0) this.#sink(this.#out.view())
    this.#out.clear()
  }

  #begin(block: number): number {
    if (this.#out.length >= FLUSH_AT) this.flush()
    const start = this.#out.length
    this.#out.u32(block)
    this.#out.u32(0)
    return start
  }

  #finish(start: number): void {
    const out = this.#out
    out.zeros(-(out.length - start) & 3)
    const total = out.length - start + BLOCK_TRAILER
    out.u32(total)
    out.setLength(start + 4, total)
  }
}
