import type { Announced, ContainerDescription } from './description.ts'

/** Protocols of engines: JSON over HTTP for docker and podman, the container runtime interface for containerd and CRI-O. */
export type EngineKind = 'docker' | 'podman' | 'cri'

/** A container engine: a source of container metadata. */
export interface Engine {
  readonly kind: EngineKind
  readonly socket: string
  /** The user who runs it; it is trusted only for that user's containers. null = the system's engine. */
  readonly owner: number | null
  /** Whether the engine is available. Checked on every call, since an engine may start later. */
  present(): boolean
  /** @throws {LookupError} */
  inspect(id: string, signal: AbortSignal): Promise<Announced>
  /** Reports containers as the engine creates them, until the engine ends the stream. @throws {LookupError} if the connection fails */
  watch?(watcher: Watcher, signal: AbortSignal): Promise<void>
  /** Metadata of a running container that is available without querying the engine; undefined = none. Never throws. */
  peek?(id: string): Promise<Partial<ContainerDescription> | undefined>
  /** Adds the engine's metadata for the image. @throws {LookupError} */
  withImage?(container: Announced, signal: AbortSignal): Promise<Announced>
  close(): void
}

/** Receives an engine's announcements. */
export interface Watcher {
  /** The watch is active: no container created from now on is missed. */
  opened(): void
  /** A container was created; may be called more than once for the same container. */
  announced(container: Announced): void
  /** An announcement could not be parsed. */
  unreadable(): void
}

/** A container that an engine has announced. */
export interface Announcement {
  readonly engine: Engine
  readonly container: Announced
  /** The engine has already been queried and there is nothing to add. */
  readonly complete: boolean
}
