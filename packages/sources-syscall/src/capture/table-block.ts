import { Block } from './block.ts'
import type { Cursor } from './cursor.ts'
import { readFds } from './descriptors.ts'
import { readProcesses } from './processes.ts'
import { MACHINE_SIZE, readInterfaces, readMachine, readUsers } from './tables.ts'
import type { CaptureVisitor, MachineInfo } from './visitor.ts'

const PROCESS_VERSIONS: ReadonlyMap<number, number> = new Map([
  [Block.processes1, 1],
  [Block.processes2, 2],
  [Block.processes3, 3],
  [Block.processes4, 4],
  [Block.processes5, 5],
  [Block.processes6, 6],
  [Block.processes7, 7],
  [Block.processes8, 8],
  [Block.processes9, 9],
])
const TABLE_BLOCKS: ReadonlySet<number> = new Set([
  Block.machine,
  Block.fds1,
  Block.fds2,
  Block.interfaces1,
  Block.interfaces2,
  Block.users1,
  Block.users2,
  ...PROCESS_VERSIONS.keys(),
])

export function isTable(block: number): boolean {
  return TABLE_BLOCKS.has(block)
}

/**
 * Reads a table block and calls the visitor. `started`: see readProcesses.
 *
 * @returns the machine, if the block is a machine block; otherwise null
 */
export function readTable(
  block: number,
  cursor: Cursor,
  visitor: CaptureVisitor,
  started: boolean,
): MachineInfo | null {
  switch (block) {
    case Block.machine: {
      if (cursor.remaining !== MACHINE_SIZE) cursor.fail(`machine block of ${cursor.remaining} bytes`)
      const machine = readMachine(cursor)
      visitor.onMachine?.(machine)
      return machine
    }
    case Block.fds1:
    case Block.fds2:
      readFds(cursor, block === Block.fds2 ? 2 : 1, (tid, fd) => visitor.onFd?.(tid, fd))
      return null
    case Block.interfaces1:
    case Block.interfaces2:
      visitor.onInterfaces?.(readInterfaces(cursor, block === Block.interfaces2 ? 2 : 1))
      return null
    case Block.users1:
    case Block.users2: {
      const { users, groups } = readUsers(cursor, block === Block.users2 ? 2 : 1)
      visitor.onUsers?.(users, groups)
      return null
    }
    default:
      readProcesses(cursor, PROCESS_VERSIONS.get(block)!, process => visitor.onProcess?.(process), started)
      return null
  }
}
