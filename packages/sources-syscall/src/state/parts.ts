import { PPME } from '../events/ids.ts'
import { EVENTS } from '../events/table.ts'
import { DIRECTORY_EFFECTS } from './directories.ts'
import { type Effect, type Effects, effectsByType, type ThreadlessEffect } from './effects.ts'
import { FILE_EFFECTS } from './files.ts'
import { COUNTER_EFFECTS } from './identity.ts'
import { PATH_START_EFFECTS } from './path-starts.ts'
import { SOCKET_EFFECTS } from './sockets.ts'
import { MESSAGE_EFFECTS, TRANSFER_EFFECTS } from './transfers.ts'

/**
 * The state in parts that can be left out if no rule reads them:
 *
 *   threads       threads, who runs as whom, users, groups, containers
 *   descriptors   open descriptors and working directories, each of which names the other
 *   order         in which order a process opened its descriptors
 *   connections   which sockets have transferred something by read or write, and so are connected
 *   limits        how many descriptors a process may open
 *   memory        sizes and page faults
 *   environments  with which programs were started
 *   strangers     placeholders for threads that were never seen to start: they show as `<NA>` where others refer to them
 */
export const PARTS = [
  'threads',
  'descriptors',
  'order',
  'connections',
  'limits',
  'memory',
  'environments',
  'strangers',
] as const
export type Part = (typeof PARTS)[number]

/** Keeping a part needs these, too. */
export const NEEDS: Readonly<Record<Part, readonly Part[]>> = {
  threads: [],
  descriptors: ['threads'],
  order: ['threads', 'descriptors'],
  connections: ['threads', 'descriptors'],
  limits: ['threads'],
  memory: ['threads'],
  environments: ['threads'],
  strangers: ['threads'],
}

const FAMILIES: readonly (readonly [Part, Effects])[] = [
  ['descriptors', FILE_EFFECTS],
  ['descriptors', SOCKET_EFFECTS],
  ['descriptors', MESSAGE_EFFECTS],
  ['descriptors', DIRECTORY_EFFECTS],
  ['descriptors', PATH_START_EFFECTS],
  ['connections', TRANSFER_EFFECTS],
  ['memory', COUNTER_EFFECTS],
]
/** Of a family that changes another part. */
const OTHERS: readonly (readonly [keyof typeof PPME, Part])[] = [
  ['SYSCALL_CHROOT_X', 'threads'],
  ['SYSCALL_GETRLIMIT_X', 'limits'],
  ['SYSCALL_SETRLIMIT_X', 'limits'],
  ['SYSCALL_PRLIMIT_X', 'limits'],
]

/**
 * The part that events of each type change; null = none. What no family above names changes threads.
 * @param effects of all families, by type
 */
export function partsByType(
  effects: readonly (readonly (Effect | ThreadlessEffect | null)[])[],
): readonly (Part | null)[] {
  const parts: (Part | null)[] = EVENTS.map(({ id }) => (effects.some(list => list[id] !== null) ? 'threads' : null))
  for (const [part, family] of FAMILIES)
    effectsByType(family).forEach((effect, type) => {
      if (effect !== null) parts[type] = part
    })
  for (const [code, part] of OTHERS) parts[PPME[code]] = part
  return parts
}
