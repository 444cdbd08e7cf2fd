import type { Memo, MemoHolder } from '@falc/engine'

/** What a container runtime reports about a container: the JSON of container events, as Falco's container plugin writes it. */
export type ContainerInfo = Readonly<Record<string, unknown>>

/** A container, or the host: which one a thread is in follows from its cgroups. */
export class Container implements MemoHolder {
  memo: Memo | null = null
  /** As Falco reports it, at most 12 characters of the runtime's id; '' for the host (fields print "host"). */
  readonly id: string
  fullId: string
  /** docker, lxc, libvirt-lxc, mesos, rkt, cri, containerd, cri-o, bpm, podman; 'host'; '' = only metadata would say, and it is missing. */
  type: string
  /** The runtime whose cgroup layout matched, '' = none did. */
  readonly runtime: string
  /** The user in whose part of the control groups it lies, and who may thus have named it; null = the system's. */
  readonly owner: number | null
  /** Metadata, when a container event brought it. */
  info: ContainerInfo | null = null
  /** Live: its metadata is on the way, and evaluations that ask for it can wait. */
  pending = false
  /** Live: a field was asked for metadata that is still on its way. */
  missed = false

  constructor(id: string, fullId: string, type: string, runtime: string, owner: number | null = null) {
    this.id = id
    this.fullId = fullId
    this.type = type
    this.runtime = runtime
    this.owner = owner
  }

  get isHost(): boolean {
    return this.id === ''
  }
}
