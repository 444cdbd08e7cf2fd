import type { SyscallEvent } from '../event.ts'
import type { ContainerInfo } from '../model/container.ts'

/** A mount, as reported by a runtime or orchestrator. */
export interface Mount {
  readonly Source: string
  readonly Destination: string
  readonly Mode: string
  readonly RW: boolean
  readonly Propagation: string
}

/** Metadata of the event's container; undefined on the host and while it is not known. */
export function containerInfo(event: SyscallEvent): ContainerInfo | undefined {
  const thread = event.thread
  if (thread === null) return undefined
  const { container } = thread
  if (container.info !== null) return container.info
  container.missed = container.pending
  return undefined
}

/** Returns a string from the metadata; values of other types count as absent. */
export function infoText(info: ContainerInfo | undefined, key: string): string | undefined {
  const value = info?.[key]
  return typeof value === 'string' ? value : undefined
}

export function infoFlag(info: ContainerInfo | undefined, key: string): boolean | undefined {
  const value = info?.[key]
  return typeof value === 'boolean' ? value : undefined
}

/** Returns a map of strings, such as labels. */
export function infoMap(info: ContainerInfo | undefined, key: string): Readonly<Record<string, unknown>> | undefined {
  const value = info?.[key]
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

/** Returns the value of a label. */
export function labelText(info: ContainerInfo | undefined, map: string, name: string): string | undefined {
  const labels = infoMap(info, map)
  const value = labels !== undefined && Object.hasOwn(labels, name) ? labels[name] : undefined
  return typeof value === 'string' ? value : undefined
}

/** `k:v` sorted by name, without the orchestrator's own labels; a label without a value is shown as its name. */
export function labelList(info: ContainerInfo | undefined, map: string): string[] | undefined {
  const labels = infoMap(info, map)
  if (labels === undefined) return undefined
  return Object.keys(labels)
    .filter(name => !name.startsWith('annotation.') && !name.startsWith('io.kubernetes.'))
    .sort()
    .map(name => (typeof labels[name] === 'string' && labels[name] !== '' ? `${name}:${labels[name]}` : name))
}

/** `labelList` separated by commas. */
export const labelsText = (info: ContainerInfo | undefined, map: string): string | undefined =>
  labelList(info, map)?.join(', ')

/** The mounts of a container; invalid entries are left out. */
export function infoMounts(info: ContainerInfo | undefined): readonly Mount[] | undefined {
  const value = info?.Mounts
  return Array.isArray(value) ? value.filter(isMount) : undefined
}

function isMount(value: unknown): value is Mount {
  return typeof value === 'object' && value !== null && 'Source' in value && 'Destination' in value
}
