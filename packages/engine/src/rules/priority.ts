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

const BY_NAME = new Map<string, Priority>([
  ...PRIORITIES.map(p => [p.toLowerCase(), p] as const),
  ['info', 'Informational'],
])

/** The priority of that name, ignoring case; `info` is Informational. undefined for any other name. */
export function parsePriority(name: string): Priority | undefined {
  return BY_NAME.get(name.toLowerCase())
}

/** 0 for Emergency to 7 for Debug. */
export function priorityLevel(priority: Priority): number {
  return PRIORITIES.indexOf(priority)
}
