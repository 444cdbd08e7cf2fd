import type { ContainerInfo } from '../model/container.ts'

/** container_type of Falco's container events. */
export const CONTAINER_TYPE = { docker: 0, cri: 6, containerd: 7, 'cri-o': 8, podman: 11 } as const

export interface DescribedMount {
  readonly Source: string
  readonly Destination: string
  readonly Mode: string
  readonly RW: boolean
  readonly Propagation: string
}

/** The properties that every description of a container has. */
interface ContainerIdentity extends ContainerInfo {
  readonly type: number
  /** The first 12 characters of `full_id`. */
  readonly id: string
  readonly full_id: string
  readonly name: string
  readonly image: string
  readonly imagerepo: string
  readonly imagetag: string
  readonly labels: Readonly<Record<string, string>>
}

/** A container as described by Falco's container plugin: read by fields and stored in recordings. */
export interface ContainerDescription extends ContainerIdentity {
  readonly imagedigest: string
  readonly imageid: string
  readonly User: string
  /** Seconds since 1970. */
  readonly created_time: number
  readonly env: readonly string[]
  readonly ip: string
  readonly cni_json: string
  readonly privileged: boolean
  readonly host_pid: boolean
  readonly host_network: boolean
  readonly host_ipc: boolean
  readonly is_pod_sandbox: boolean
  readonly pod_sandbox_id: string
  readonly pod_sandbox_labels: Readonly<Record<string, string>>
  readonly Mounts: readonly DescribedMount[]
}

/** A container as announced by an engine. Properties that the engine does not report are absent, not false or empty. */
export type Announced = ContainerIdentity & Partial<ContainerDescription>

/** Falco's label_max_len: longer labels are left out. */
export const LABEL_MAX_LENGTH = 100

const SHORT_ID = 12

export function shortId(id: string): string {
  return id.slice(0, SHORT_ID)
}

/** Splits an image's name into repository, tag and digest. Only the part after the last "/" can have a tag; a registry's port is not a tag. */
export function splitImage(image: string): { repository: string; tag: string; digest: string } {
  const at = image.indexOf('@')
  const name = at < 0 ? image : image.slice(0, at)
  const digest = at < 0 ? '' : image.slice(at + 1)
  const colon = name.lastIndexOf(':')
  if (colon < 0 || colon < name.lastIndexOf('/')) return { repository: name, tag: '', digest }
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1), digest }
}

/** The string values of a map that are not longer than `limit`. Anything that is not an object is treated as empty. */
export function keptLabels(labels: unknown, limit: number): Record<string, string> {
  const kept: Record<string, string> = {}
  if (typeof labels !== 'object' || labels === null) return kept
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value === 'string' && value.length <= limit) kept[name] = value
  }
  return kept
}

/** Converts an RFC 3339 time to seconds since 1970; 0 if malformed. */
export function seconds(time: unknown): number {
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000)
}

/** Reads values from an engine's JSON without trusting its shape. */
export class Answer {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  /** The value at a path of keys; undefined if the path does not exist. */
  at(...path: readonly string[]): unknown {
    let value = this.#value
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Record<string, unknown>)[key]
    }
    return value
  }

  text(...path: readonly string[]): string {
    const value = this.at(...path)
    return typeof value === 'string' ? value : ''
  }

  flag(...path: readonly string[]): boolean {
    return this.at(...path) === true
  }

  list(...path: readonly string[]): readonly unknown[] {
    const value = this.at(...path)
    return Array.isArray(value) ? value : []
  }

  texts(...path: readonly string[]): readonly string[] {
    return this.list(...path).filter(value => typeof value === 'string')
  }
}
