/** Falco's severities, most severe first; the order is the numeric level (Emergency = 0). */
export const PRIORITIES = [
  'Emergency',
  'Alert',
  'Critical',
  'Error',
  'Warning',
  'Notice',
  'Informational',
  'Debug',
] as const
export type Priority = (typeof PRIORITIES)[number]

/**
 * The priorities from the least severe to the most severe, each with its spellings: the name comes first. Everything that reads or
 * lists a priority derives from this table.
 */
export const PRIORITY_NAMES: readonly (readonly [Priority, ...string[]])[] = PRIORITIES.toReversed().map(name =>
  name === 'Informational' ? [name, 'Info'] : [name],
)

const BY_NAME = new Map<string, Priority>(
  PRIORITY_NAMES.flatMap(spellings => spellings.map(spelling => [spelling.toLowerCase(), spellings[0]] as const)),
)

/** The priority of that name, ignoring case; `info` is Informational. undefined for any other name. */
export function parsePriority(name: string): Priority | undefined {
  return BY_NAME.get(name.toLowerCase())
}

/** 0 for Emergency to 7 for Debug. */
export function priorityLevel(priority: Priority): number {
  return PRIORITIES.indexOf(priority)
}
