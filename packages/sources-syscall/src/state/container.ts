import type { Memo, MemoHolder } from '@falc/engine'

/** What a container runtime tells about a container, as the JSON of container events (and Falco's plugin) has it. */
export type ContainerInfo = Readonly<Record<string, unknown>>

/** A container, or the host: which one a thread is in follows from its cgroups. */
export class Container implements MemoHolder {
  memo: Memo | null = null
  /** The first 12 characters of the runtime's id; '' for the host (fields print "host"). */
  readonly id: string
  readonly fullId: string
  /** docker, lxc, libvirt-lxc, mesos, rkt, cri, containerd, cri-o, bpm, podman, systemd-nspawn…; 'host' for the host. */
  type: string
  /** Metadata, when a container event brought it. */
  info: ContainerInfo | null = null

  constructor(id: string, fullId: string, type: string) {
    this.id = id
    this.fullId = fullId
    this.type = type
  }

  get isHost(): boolean {
    return this.id === ''
  }
}
