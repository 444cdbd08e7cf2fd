/**
 * Blocks of a scap file, all little-endian and packed:
 *
 *   u32 type, u32 length of the whole block, body, padding to a multiple of 4, u32 length again
 *
 * An event's body: u16 cpu, [u32 flags in the EVF kinds], event (see event.ts). The `large` kinds lift the limit of 64 KiB.
 */
export const Block = {
  section: 0x0a0d0d0a,
  machine: 0x0201,
  processes1: 0x0202,
  fds1: 0x0203,
  event1: 0x0204,
  interfaces1: 0x0205,
  users1: 0x0206,
  processes2: 0x0207,
  eventFlags1: 0x0208,
  processes3: 0x0209,
  processes4: 0x0210,
  processes5: 0x0211,
  processes6: 0x0212,
  processes7: 0x0213,
  processes8: 0x0214,
  processes9: 0x0215,
  event2: 0x0216,
  eventFlags2: 0x0217,
  fds2: 0x0218,
  interfaces2: 0x0219,
  users2: 0x0220,
  event2Large: 0x0221,
  eventFlags2Large: 0x0222,
} as const

/** Block numbers used by the first versions of the format. */
export const EARLY_BLOCKS: ReadonlyMap<number, number> = new Map([
  [0x8002abcd, Block.machine],
  [0x8000abcd, Block.processes1],
  [0x8001abcd, Block.fds1],
  [0x8010abcd, Block.event1],
  [0x8011abcd, Block.interfaces1],
  [0x8012abcd, Block.users1],
  [0x8013abcd, Block.processes2],
  [0x8014abcd, Block.processes3],
])

export const SECTION_MAGIC = 0x1a2b3c4d
/** Sizes of the header before a body and the trailer after it. */
export const BLOCK_HEADER = 8
export const BLOCK_TRAILER = 4
/** Maximum size of an event block without its header, except for the large kinds. */
export const EVENT_BLOCK_LIMIT = 65536
/** Maximum lengths of texts in the tables, in bytes. */
export const TextLimit = { process: 1024, list: 4096, fd: 1023, interface: 1023, user: 255 } as const

const EVENT_BLOCKS: ReadonlySet<number> = new Set([
  Block.event1,
  Block.eventFlags1,
  Block.event2,
  Block.eventFlags2,
  Block.event2Large,
  Block.eventFlags2Large,
])

export function isEvent(block: number): boolean {
  return EVENT_BLOCKS.has(block)
}
