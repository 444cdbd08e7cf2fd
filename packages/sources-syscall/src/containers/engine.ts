import type { Announced, ContainerDescription } from './description.ts'

/** Protocols that engines speak: docker and podman JSON over HTTP, containerd and CRI-O the container runtime interface. */
export type EngineKind = 'docker' | 'podman' | 'cri'

/** Somebody who can tell about containers. */
export interface Engine {
  readonly kind: EngineKind
  readonly socket: string
  /** The user who runs it, and of whose containers alone it is believed; null = the machine's. */
  readonly owner: number | null
  /** The socket's file is there: looked at anew each time, since an engine may start later. */
  present(): boolean
  /** @throws {LookupError} */
  inspect(id: string, signal: AbortSignal): Promise<Announced>
  /** Tells of containers as the engine makes them, until the engine ends it. @throws {LookupError} when the connection fails */
  watch?(watcher: Watcher, signal: AbortSignal): Promise<void>
  /** What can be seen of a running container without the engine's answer; undefined = nothing. Never throws. */
  peek?(id: string): Promise<Partial<ContainerDescription> | undefined>
  /** Adds what the engine knows of the image. @throws {LookupError} */
  withImage?(container: Announced, signal: AbortSignal): Promise<Announced>
  close(): void
}

/** Told of what an engine announces. */
export interface Watcher {
  /** From now on nothing is missed. */
  opened(): void
  /** A container was made; perhaps more than once for the same. */
  announced(container: Announced): void
  /** An announcement made no sense. */
  unreadable(): void
}

/** A container that an engine has announced. */
export interface Announcement {
  readonly engine: Engine
  readonly container: Announced
  /** The engine was asked already and there is nothing to add. */
  readonly complete: boolean
}
