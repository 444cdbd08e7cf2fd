import type { Memo, MemoHolder } from '@falc/engine'
import type { Pod } from './pod.ts'

/** What a container runtime reports about a container: the JSON of container events, as Falco's container plugin writes it. */
export type ContainerInfo = Readonly<Record<string, unknown>>

/** Why its metadata is absent; '' = it is not. Otherwise as of a look-up that failed, or of a window that has ended. */
export type ContainerAbsence =
  | ''
  | 'not-asked'
  | 'expired'
  /** No engine for this kind of container has a socket here. */
  | 'no-socket'
  /** The socket exists, but access is denied, nothing listens, or the engine fails. */
  | 'refused'
  /** The engine does not know the container. */
  | 'not-found'
  /** The engine did not answer in time. */
  | 'timeout'
  /** The engine's answer can't be parsed. */
  | 'bad-answer'
  /** Too many look-ups were waiting. */
  | 'queue-full'

/** A container, or the host. A thread's cgroups determine which one it is in. */
export class Container implements MemoHolder {
  memo: Memo | null = null
  /** The id as Falco reports it: at most 12 characters of the runtime's id; '' for the host (fields print "host"). */
  readonly id: string
  fullId: string
  /**
   * docker, lxc, libvirt-lxc, mesos, rkt, cri, containerd, cri-o, bpm, podman; 'host'; '' = only metadata can tell, and
   * there is none.
   */
  type: string
  /** The runtime whose cgroup layout matched; '' = no match. */
  readonly runtime: string
  /** The user whose cgroup subtree contains the container, and who could therefore have chosen its name; null = the system. */
  readonly owner: number | null
  /** Metadata from a container event, if there was one. */
  info: ContainerInfo | null = null
  /** The pod that it belongs to, if its control groups are the kubelet's. */
  pod: Pod | null = null
  /** Live: metadata has been requested, so evaluations that need it can wait. */
  pending = false
  /** Live: a field needed metadata that had not arrived yet. */
  missed = false
  /** As long as there is no metadata. */
  whyAbsent: Exclude<ContainerAbsence, ''> = 'not-asked'

  constructor(id: string, fullId: string, type: string, runtime: string, owner: number | null = null) {
    this.id = id
    this.fullId = fullId
    this.type = type
    this.runtime = runtime
    this.owner = owner
  }

  get absence(): ContainerAbsence {
    return this.info === null ? this.whyAbsent : ''
  }

  get isHost(): boolean {
    return this.id === ''
  }
}
