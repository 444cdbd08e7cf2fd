import { PPME } from './ids.ts'
import { EVENTS } from './table.ts'

/** Falco's name for an event without PPME_: a key of PPME. */
export type EventCode = keyof typeof PPME

/**
 * Looks up the positions of parameters by their names in the event table, for code that reads events. Several events may
 * share one reader if each name has the same position in all of them.
 *
 *   const DUP = positions(['res', 'oldfd'], 'SYSCALL_DUP_1_X', 'SYSCALL_DUP2_X', 'SYSCALL_DUP3_X')
 *   event.int64Number(DUP.oldfd)
 *
 * @throws {TypeError} at module load, if an event lacks a parameter of that name or the positions differ
 */
export function positions<const Name extends string>(
  names: readonly Name[],
  ...codes: readonly [EventCode, ...EventCode[]]
): Readonly<Record<Name, number>> {
  const found = {} as Record<Name, number>
  for (const name of names) {
    for (const code of codes) {
      const position = EVENTS[PPME[code]]!.params.findIndex(param => param.name === name)
      if (position < 0) throw new TypeError(`event table: ${code} has no parameter ${name}`)
      if (found[name] !== undefined && found[name] !== position)
        throw new TypeError(`event table: parameter ${name} of ${code} is not where that of ${codes[0]} is`)
      found[name] ??= position
    }
  }
  // Frozen, so that V8 takes the positions for constants.
  return Object.freeze(found)
}
